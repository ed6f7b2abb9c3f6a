#!/bin/sh
# Bakes the image web:1 into the root: a static busybox and the rendered page, packed as `docker save` does
# it (Docker image specification 1.2). The host loads what lies in /usr/lib/dock0/images, once.
set -eu
work=$(mktemp -d)
mkdir -p "$work/layer/bin" "$work/layer/www" "$work/image" /usr/lib/dock0/images

cp /bin/busybox "$work/layer/bin/"
for applet in sh httpd wget; do ln -s busybox "$work/layer/bin/$applet"; done
cp /usr/share/web1/index.html "$work/layer/www/"

# The same bytes each time.
pack() (
	cd "$2"
	tar -c --sort=name --mtime=@0 --mode=go-w --owner=0 --group=0 --numeric-owner -f "$1" -- *
)
digest() { sha256sum "$1" | cut -d ' ' -f 1; }

pack "$work/image/layer.tar" "$work/layer"
cat > "$work/config.json" << END
{
	"architecture": "amd64",
	"os": "linux",
	"config": { "Env": ["PATH=/bin"], "Cmd": ["httpd", "-f", "-p", "8080", "-h", "/www"] },
	"rootfs": { "type": "layers", "diff_ids": ["sha256:$(digest "$work/image/layer.tar")"] }
}
END
config=$(digest "$work/config.json").json
mv "$work/config.json" "$work/image/$config"
printf '[{"Config":"%s","RepoTags":["web:1"],"Layers":["layer.tar"]}]\n' "$config" > "$work/image/manifest.json"
pack /usr/lib/dock0/images/web.tar "$work/image"
rm -r "$work"
