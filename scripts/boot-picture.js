// Draws docs/pictures/boot.svg, from the firmware to the containers, from the sources as they are: node scripts/boot-picture.js
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => readFileSync(`${root}/${path}`, "utf8");

/** Fails when the sources do not say any more what the picture says. */
function fact(path, pattern) {
	const found = pattern.exec(read(path));
	if (!found) throw new Error(`${path} has no ${pattern}: mend the picture`);
	return found[1] ?? found[0];
}

/** The calls of the init script in their order, as far as they are parts with a file of their own. */
const init = read("src/initramfs/init/init.sh");
const parts = readdirSync(`${root}/src/initramfs/init`)
	.filter((name) => !["init.sh", "defaults.sh"].includes(name))
	.map((name) => ({ name, text: read(`src/initramfs/init/${name}`) }));
const calls = init
	.slice(init.lastIndexOf("\n\n"))
	.split("\n")
	.map((line) => /^\s*(?:\[.*\] (?:\|\||&&) )?([a-z_]+)(?: |$)/.exec(line)?.[1])
	.filter((word) => word !== undefined);
const order = [];
for (const call of calls) {
	const part = parts.find(({ text }) =>
		new RegExp(`^${call}\\(\\) `, "m").test(text),
	);
	const label = part && `${call}  (${part.name})`;
	// Who asks for a shell gets one; it is no part of a boot.
	if (label && call !== "open_shell" && !order.includes(label))
		order.push(label);
}
if (order.length < 4)
	throw new Error(
		`only ${order.length} calls found in init.sh: mend the picture`,
	);

const units = ["base", "host", "docker"].flatMap((profile) => {
	const folder = `profiles/${profile}/usr/lib/systemd/system`;
	return readdirSync(`${root}/${folder}`)
		.filter((name) => name.endsWith(".service"))
		.map(
			(name) =>
				`${name.padEnd(28)} ${fact(`${folder}/${name}`, /^Description=(.*)$/m)}`,
		);
});
const readyPort = fact("src/vm/qemu.ts", /readyPortName = "([^"]+)"/);
const container = fact("src/host/containers.ts", /dock0-container-/);

const stages = [
	["Firmware", ["SeaBIOS or UEFI", "finds GRUB on the disk"]],
	[
		"GRUB",
		[
			fact("src/image/disk/grub-config.ts", /dock0\.slot/) &&
				"chooses slot a or b by one sector of the disk",
			fact("src/image/disk/grub-config.ts", /dock0\.trial/) &&
				"a new release is a trial: one boot, counted",
			"dock0 boot skips it: QEMU loads the kernel",
		],
	],
	[
		"Kernel and initramfs",
		[
			"vmlinuz, busybox, the modules of the root's device",
			"one POSIX sh script:",
			...order.map((text) => `  ${text}`),
		],
	],
	[
		"The root is put together",
		[
			"tmpfs: what is written, gone at the next boot",
			"bundle.squashfs: what makes it this host",
			"root.squashfs, each block checked by dm-verity",
			"state.paths on the state volume",
		],
	],
	["systemd", units],
	[
		"Containers",
		[
			`${container}NAME.service, one each`,
			"ports by nftables once they are healthy",
			`READY on the port ${readyPort}`,
			"a trial that is healthy is kept, else the reboot goes back",
		],
	],
];

const [width, left, boxWidth, line] = [760, 60, 640, 21];
let y = 20;
const boxes = stages.map(([title, rows], index) => {
	const height = 44 + rows.length * line;
	const top = y;
	y += height + 34;
	const texts = rows.map(
		(text, row) =>
			`<text x="${left + 24}" y="${top + 54 + row * line}" xml:space="preserve"${/^ {2}|^dock0-/.test(text) ? ' class="code"' : ""}>${text}</text>`,
	);
	return `<g><rect x="${left}" y="${top}" width="${boxWidth}" height="${height}" rx="10"/><circle cx="${left}" cy="${top + 24}" r="14"/><text x="${left}" y="${top + 29}" class="number">${index + 1}</text><text x="${left + 24}" y="${top + 29}" class="title">${title}</text>${texts.join("")}</g>${index < stages.length - 1 ? `<path d="M${width / 2} ${top + height} V${y - 6}"/>` : ""}`;
});
writeFileSync(
	`${root}/docs/pictures/boot.svg`,
	`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y - 10}" role="img" aria-label="The boot in six stages, from the firmware to the containers">
<style>
svg { background: #fff; font: 15px system-ui, sans-serif }
rect { fill: #eef4ff; stroke: #0b62d6 }
circle { fill: #0b62d6 }
path { fill: none; stroke: #7b8aa0; stroke-width: 2; marker-end: url(#tip) }
text { fill: #17202b }
.title { font-weight: 600; font-size: 17px }
.number { fill: #fff; font-weight: 600; text-anchor: middle }
.code { font: 13.5px ui-monospace, monospace }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#7b8aa0;stroke:none;marker-end:none"/></marker></defs>
${boxes.join("\n")}
</svg>
`,
);
