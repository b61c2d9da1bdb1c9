#!/bin/sh
# Stands in for clang where the linker for another kind of machine is gcc, which is made for one target and does not know the option that names it.
# usage: CROSS_GCC=aarch64-linux-gnu-gcc build/cross_gcc.sh ARGUMENTS…
for argument; do
    shift
    case $argument in
        --target=*) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec "$CROSS_GCC" "$@"
