import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import {
	type TarEntry,
	tarEnd,
	tarHeader,
	tarPadding,
} from "../../../src/host/tar.ts";
import { hostBusybox } from "./tiny-root.ts";

const digest = (data: Uint8Array): string =>
	createHash("sha256").update(data).digest("hex");

type Member = [
	path: string,
	content: Uint8Array | string | { link: string },
	mode?: number,
];

function archive(members: readonly Member[]): Buffer {
	const parts: Uint8Array[] = [];
	for (const [path, content, mode = 0o644] of members) {
		const entry = { path, mode, uid: 0, gid: 0, time: 0 };
		if (typeof content === "object" && "link" in content) {
			parts.push(
				tarHeader({ ...entry, type: "link", size: 0, target: content.link }),
			);
			continue;
		}
		const data = Buffer.from(content as Uint8Array);
		const header: TarEntry = { ...entry, type: "file", size: data.length };
		parts.push(tarHeader(header), data, tarPadding(data.length));
	}
	return Buffer.concat([...parts, tarEnd]);
}

/**
 * Writes an archive as `docker save` does (image specification v1.2): the static busybox of this machine and a
 * page. It serves the page by HTTP on port 8080 unless another command is given.
 */
export async function writeImage(
	target: string,
	tag: string,
	page: string,
): Promise<void> {
	const applets =
		"sh httpd cat id ls sleep wget nc ip touch rm test stat".split(" ");
	const layer = archive([
		["bin/busybox", await readFile(hostBusybox), 0o755],
		...applets.map((applet): Member => [`bin/${applet}`, { link: "busybox" }]),
		["www/index.html", page],
		["tmp/.keep", ""],
	]);
	const config = Buffer.from(
		JSON.stringify({
			architecture: "amd64",
			os: "linux",
			config: {
				Env: ["PATH=/bin"],
				Cmd: ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"],
			},
			rootfs: { type: "layers", diff_ids: [`sha256:${digest(layer)}`] },
			history: [{ created_by: "test" }],
		}),
	);
	const name = `${digest(config)}.json`;
	await writeFile(
		target,
		archive([
			[name, config],
			["layer.tar", layer],
			[
				"manifest.json",
				JSON.stringify([
					{ Config: name, RepoTags: [tag], Layers: ["layer.tar"] },
				]),
			],
		]),
	);
}
