import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../../src/system/process.ts";
import { checkout } from "./dock0.ts";

/**
 * Copies what an installed dock0 consists of, and the hosts of the tests, into `folder`, where every user
 * can read it: the checkout itself may lie in a private folder.
 * @returns gives the copy of a path of the checkout.
 */
export async function readableCheckout(
	folder: string,
): Promise<(path: string) => string> {
	for (const path of [
		"package.json",
		"bin",
		"dist",
		"profiles",
		"src/initramfs/init",
		"src/rootfs/script.ts",
		"node_modules/jiti",
		"test/hosts",
	]) {
		await mkdir(dirname(join(folder, path)), { recursive: true });
		await run("cp", ["-R", checkout(path), join(folder, path)]);
	}
	await run("chmod", ["-R", "go+rX", folder]);
	return (path) => join(folder, path);
}
