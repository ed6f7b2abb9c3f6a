import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	utimes,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../system/process.ts";
import { dockerLinks, dockerSchema } from "./docker-data.ts";
import { mkfsErofsArguments } from "./erofs.ts";
import { writeOwn } from "./own-files.ts";
import { type ErofsSettings, imageSchema } from "./schema.ts";
import { mksquashfsArguments } from "./squashfs.ts";

const epoch = 1_735_689_600;
let temp: string;

beforeAll(async () => {
	temp = await mkdtemp(join(tmpdir(), "dock0-image-"));
	await mkdir(join(temp, "tree/etc"), { recursive: true });
	await writeFile(join(temp, "tree/etc/hello"), "hello ".repeat(10_000));
});
afterAll(() => rm(temp, { recursive: true, force: true }));

const erofs = (settings: Partial<ErofsSettings> = {}): ErofsSettings =>
	imageSchema.parse({ erofs: settings }).erofs;

async function pack(
	name: string,
	type: "squashfs" | "erofs",
	settings: Partial<ErofsSettings> = {},
): Promise<Buffer> {
	const file = join(temp, name);
	const tree = join(temp, "tree");
	await (type === "erofs"
		? run("mkfs.erofs", mkfsErofsArguments(tree, file, erofs(settings), epoch))
		: run(
				"mksquashfs",
				mksquashfsArguments(tree, file, imageSchema.parse({}).squashfs, epoch),
			));
	return readFile(file);
}

test.each(["squashfs", "erofs"] as const)(
	"%s: the same bytes whenever the files were touched, in whole blocks",
	async (type) => {
		const first = await pack("first", type);
		const later = new Date("2030-01-01");
		await utimes(join(temp, "tree/etc/hello"), later, later);
		expect((await pack("second", type)).equals(first)).toBe(true);
		expect(first.length % 4096).toBe(0);
	},
);

test("erofs: compressed unless told otherwise, and fsck.erofs reads it", async () => {
	const compressed = await pack("compressed", "erofs");
	const plain = await pack("plain", "erofs", { compression: "none" });
	expect(compressed.length).toBeLessThan(plain.length);
	await run("fsck.erofs", [join(temp, "compressed")]);
});

test.each([
	["lz4", 1],
	["lz4hc", 13],
	["lzma", 10],
	["deflate", 10],
	["zstd", 23],
	["none", 1],
] as const)("erofs: %s has no level %i", (compression, level) => {
	expect(() =>
		mkfsErofsArguments("tree", "file", erofs({ compression, level }), epoch),
	).toThrow(
		expect.objectContaining({
			problems: [expect.objectContaining({ code: "EROFS_LEVEL" })],
		}),
	);
});

test("docker.storage: the data file of the devicemapper driver is a link to the device, in the packed root too", async () => {
	expect(dockerLinks(dockerSchema.parse({}))).toEqual({});
	expect(() => dockerSchema.parse({ storage: "devicemapper-symlink" })).toThrow(
		/needs a device/,
	);
	const links = dockerLinks(
		dockerSchema.parse({ storage: "devicemapper-symlink", device: "/dev/vdc" }),
	);
	const own = join(temp, "own");
	await writeOwn(own, { "etc/text": "text" }, links);
	const file = join(temp, "own.squashfs");
	await run(
		"mksquashfs",
		mksquashfsArguments(own, file, imageSchema.parse({}).squashfs, epoch),
	);
	const { stdout } = await run("unsquashfs", ["-ll", file]);
	expect(stdout).toMatch(
		/^lrwx.*\/var\/lib\/docker\/devicemapper\/devicemapper\/data -> \/dev\/vdc$/m,
	);
	expect(stdout).toMatch(/\/etc\/text$/m);
});
