#!/usr/bin/env bash
# Writes the bill of materials of the program: every package that is in it, with its version, licence and hash, in CycloneDX's JSON.
# usage: build/materials.sh FILE
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1
version=$(sed -nE 's/.*<Version>(.+)<\/Version>.*/\1/p' Directory.Build.props)
dotnet tool restore --tool-manifest build/dotnet-tools.json > /dev/null
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd build && dotnet tool run dotnet-CycloneDX -- ../src/P2PGrpc.Cli/P2PGrpc.Cli.csproj --recursive --exclude-dev --output-format Json \
    --set-name p2pgrpc --set-version "$version" --set-type Application --output "$folder" --filename bom.json) > "$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
# The tool stamps the file with the time and a number of its own; the same commit is to give the same file.
# It also knows nothing of .NET itself, which the programs bring along.
framework=$(dotnet msbuild src/P2PGrpc.Cli -getProperty:BundledNETCoreAppPackageVersion)
python3 - "$folder/bom.json" "$out" "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" "$framework" << 'END'
import datetime, json, sys, uuid

source, target, epoch, framework = sys.argv[1:]
with open(source, encoding="utf-8-sig") as file:
    bom = json.load(file)
bom["metadata"]["timestamp"] = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
bom.pop("serialNumber", None)
program = bom["metadata"]["component"]["bom-ref"]
needed = next(dependency for dependency in bom["dependencies"] if dependency["ref"] == program).setdefault("dependsOn", [])
for name in ("Microsoft.NETCore.App.Runtime", "Microsoft.AspNetCore.App.Runtime"):
    reference = f"pkg:nuget/{name}@{framework}"
    bom["components"].append({
        "type": "framework", "name": name, "version": framework, "bom-ref": reference, "purl": reference, "scope": "required",
        "licenses": [{"license": {"id": "MIT"}}],
    })
    bom["dependencies"].append({"ref": reference})
    needed.append(reference)
bom["components"].sort(key=lambda component: component.get("bom-ref", ""))
bom["dependencies"] = sorted(bom["dependencies"], key=lambda dependency: dependency["ref"])
bom["serialNumber"] = "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True)))
with open(target, "w", encoding="utf-8") as file:
    json.dump(bom, file, indent=1, sort_keys=True)
    file.write("\n")
END
