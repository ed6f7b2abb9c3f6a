import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { start } from "../../../src/system/process.ts";

/** A TPM 2.0 whose secrets lie in a folder, for one machine after the other. */
export interface Tpm {
	/** Powers it on for one machine, with whose end it goes off; returns QEMU's arguments. */
	plug(): Promise<string[]>;
}

/** @param folder keeps what the TPM knows; made when it is not there. */
export async function makeTpm(folder: string): Promise<Tpm> {
	await mkdir(folder, { recursive: true });
	const socket = join(folder, "socket");
	return {
		async plug() {
			await rm(socket, { force: true });
			const emulator = start("swtpm", [
				...["socket", "--tpm2", "--tpmstate", `dir=${folder}`],
				...["--ctrl", `type=unixio,path=${socket}`],
				...["--flags", "startup-clear", "--terminate", "--daemon"],
			]);
			const { exitCode } = await emulator.done;
			if (exitCode !== 0) throw new Error(`swtpm ended with ${exitCode}`);
			return [
				...["-chardev", `socket,id=tpm-socket,path=${socket}`],
				...["-tpmdev", "emulator,id=tpm,chardev=tpm-socket"],
				...["-device", "tpm-tis,tpmdev=tpm"],
			];
		},
	};
}
