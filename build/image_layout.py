"""Writes an image of two layers as a tar archive of the OCI image layout, which docker load reads as well. The same content gives the same bytes.

usage: image_layout.py BASE PROGRAM ARCHITECTURE VERSION EPOCH TARGET
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

USER = 10001
DATA = "var/lib/p2pgrpc"


def make_layer(root, epoch):
    """Gives a folder's content as the bytes of an uncompressed tar archive, sorted, owned by root except the data directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as layer:
        paths = []
        for folder, folders, files in os.walk(root):
            paths += [os.path.join(folder, name) for name in folders + files]
        for path in sorted(paths):
            name = os.path.relpath(path, root)
            entry = layer.gettarinfo(path, name)
            entry.uid = entry.gid = USER if name == DATA else 0
            entry.uname = entry.gname = ""
            entry.mtime = epoch
            if entry.isfile():
                # Links between files would depend on how they were unpacked.
                entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", os.path.getsize(path)
                with open(path, "rb") as content:
                    layer.addfile(entry, content)
            else:
                layer.addfile(entry)
    return buffer.getvalue()


class Layout:
    """The blobs of an image by their hash, and the archive around them."""

    def __init__(self):
        self.blobs = {}

    def add(self, content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def write(self, target, index, manifest, epoch):
        files = {f"blobs/sha256/{digest}": content for digest, content in self.blobs.items()}
        files["oci-layout"] = encode({"imageLayoutVersion": "1.0.0"})
        files["index.json"] = encode(index)
        files["manifest.json"] = encode(manifest)
        with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as archive:
            for name in sorted(files):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(files[name]), epoch, 0o644
                archive.addfile(entry, io.BytesIO(files[name]))


def encode(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def configure(architecture, version, created, layers):
    return {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": ["PATH=/usr/bin", "P2PGRPC_DATA=/" + DATA, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "Entrypoint": ["/usr/bin/p2pgrpc"],
            "Cmd": ["run"],
            "WorkingDir": "/" + DATA,
            "Volumes": {"/" + DATA: {}},
            "ExposedPorts": {"5555/tcp": {}},
            "StopSignal": "SIGTERM",
            "Labels": {
                "org.opencontainers.image.title": "p2pgrpc",
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]},
        "history": [{"created": created, "created_by": name} for name in ("the system's libraries", "the program")],
    }


def main(base, program, architecture, version, epoch, target):
    epoch = int(epoch)
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    layers = [make_layer(base, epoch), make_layer(program, epoch)]
    layout = Layout()
    packed = [layout.add(gzip.compress(layer, 9, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") for layer in layers]
    config = layout.add(encode(configure(architecture, version, created, layers)), "application/vnd.oci.image.config.v1+json")
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = layout.add(encode({"schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": packed}), manifest_type)
    manifest["platform"] = {"os": "linux", "architecture": architecture}
    manifest["annotations"] = {"org.opencontainers.image.ref.name": version}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}

    def path(descriptor):
        return descriptor["digest"].replace("sha256:", "blobs/sha256/")

    older = [{"Config": path(config), "RepoTags": [f"p2pgrpc:{version}"], "Layers": [path(layer) for layer in packed]}]
    layout.write(target, index, older, epoch)


if __name__ == "__main__":
    main(*sys.argv[1:])
