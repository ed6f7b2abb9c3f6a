import { describe, expect, it } from "vitest";
import { ExpectedError } from "../../system/errors.ts";
import { shellWord } from "../../system/shell-word.ts";
import { parseFacts } from "./facts.ts";
import { planSsh } from "./plan.ts";
import { installPlan } from "./provider.ts";
import { parseReport } from "./server.ts";

const vda = "6291456/0000:00:03.0///00000000";
const answer = `uid=0
arch=x86_64
kernel=6.1.0-18-cloud-amd64
host=stock
boot=5c1f
memory=1000000
available=900000
room=2000000
kexec=0
lockdown=none
port=22
console=ttyS0,115200
link=52:54:00:12:34:56
address=10.0.2.15/24
address=fec0::5054:ff:fe12:3456/64
router=10.0.2.2
router=fe80::2
target=vda
disk=vda ${vda}
block=vda 512
used=vda
part=vda vda2 4096 100000 dock0-state
part=vda vda1 2048 2048 dock0-bios
disk=vdb 2048/0000:00:04.0///00000000
mount=vda1 /
mount=vdb /srv`;

const image = {
	bytes: 50 << 20,
	diskBytes: 200 << 20,
	stateAt: 4096 * 512,
	signed: true,
};

function plan(
	text: string,
	more: { image?: object; named?: string | undefined; redeploy?: string } = {},
) {
	const { image: other, ...options } = more;
	return planSsh(
		parseFacts(text),
		{ ...image, ...other },
		{
			...{ to: "root@web1", address: "192.0.2.1", named: "/dev/vda" },
			redeploy: "replace",
			...(options as object),
		},
	);
}

function code(work: () => unknown): string {
	try {
		work();
	} catch (error) {
		return error instanceof ExpectedError ? error.code : String(error);
	}
	return "none";
}

it("names what is overwritten, what stays, and where there is no way back", () => {
	const { actions, losses, before } = plan(answer);
	expect(losses).toEqual([
		"all of /dev/vda (3072 MiB): vda1 1 MiB dock0-bios mounted at /, vda2 48 MiB dock0-state (with the host's state on vda2: deploy.data.redeploy is replace)",
	]);
	expect(actions.join("\n")).toMatch(
		/hash and signature[\s\S]*POINT OF NO RETURN: overwrite \/dev\/vda,[\s\S]*10\.0\.2\.15\/24, fec0::\S+ \(fixed\)[\s\S]*leave \/dev\/vdb alone/,
	);
	expect(before).toMatchObject({
		bytes: 200 << 20,
		whole: true,
		disk: { name: "vda", identity: vda },
	});
});

describe("the state of a host that is deployed again", () => {
	const keep = (text: string, more: object = {}) =>
		plan(text, { redeploy: "keep", image: more });

	it("is kept where the new image has its own, as large as it has become", () => {
		const { before, actions, losses } = keep(answer);
		expect(before).toMatchObject({
			...{ bytes: 4096 * 512, whole: false },
			kept: { start: 4096, sectors: 100_000, disk: 6_291_456 },
		});
		expect(actions.join("\n")).toContain(
			"up to vda2, which is kept with the host's state",
		);
		expect(losses).toEqual([
			"all of /dev/vda (3072 MiB): vda1 1 MiB dock0-bios mounted at /, vda2 48 MiB dock0-state (but for vda2, which is kept)",
		]);
	});

	it("is never overwritten by an image that has it elsewhere, or has none", () => {
		for (const [stateAt, told] of [
			[
				1 << 20,
				/begins at 2 MiB of \/dev\/vda, and that of the new image at 1 MiB/,
			],
			[undefined, /the new image has no state partition/],
		] as const) {
			expect(code(() => keep(answer, { stateAt }))).toBe("DEPLOY_DATA_MOVED");
			expect(() => keep(answer, { stateAt })).toThrow(told);
		}
		const replaced = plan(answer, { image: { stateAt: 1 << 20 } });
		expect(replaced.before).toMatchObject({ whole: true, kept: null });
		expect(replaced.losses[0]).toContain("with the host's state on vda2");
	});

	it("is not kept where it leaves no room for the table's copy", () => {
		const [most, more] = [6_291_456 - 4096 - 33, 6_291_456 - 4096 - 32];
		const text = (sectors: number): string =>
			answer.replace("vda2 4096 100000", `vda2 4096 ${sectors}`);
		expect(keep(text(most)).before.kept?.sectors).toBe(most);
		expect(code(() => keep(text(more)))).toBe("DEPLOY_DATA_MOVED");
	});

	it("needs no room for what the image would have as its own", () => {
		const diskBytes = 4 * 1024 ** 3;
		expect(keep(answer, { diskBytes }).before.bytes).toBe(4096 * 512);
		expect(code(() => plan(answer, { image: { diskBytes } }))).toBe(
			"DEPLOY_NO_ROOM",
		);
	});

	it("is nothing that a stock server has", () => {
		const { before, losses } = keep(answer.replace(/dock0-state/, "data"));
		expect(before).toMatchObject({ whole: true, kept: null });
		expect(losses[0]).toMatch(/vda2 48 MiB data$/);
	});
});

it.each([
	["arch=x86_64", "arch=aarch64", "SSH_WRONG_ARCHITECTURE"],
	["kexec=0\n", "", "SSH_NO_KEXEC"],
	["kexec=0", "kexec=1", "SSH_NO_KEXEC"],
	["lockdown=none", "lockdown=integrity", "SSH_NO_KEXEC"],
	["memory=1000000", "memory=200000", "SSH_NO_MEMORY"],
	["available=900000", "available=100000", "SSH_NO_MEMORY"],
	["room=2000000", "room=1000", "SSH_NO_MEMORY"],
	["target=vda", "target=vda1", "DEPLOY_DISK_UNKNOWN"],
	["block=vda 512", "block=vda 4096", "DEPLOY_DISK_BLOCKS"],
	[
		"disk=vdb 2048/0000:00:04.0///00000000",
		`disk=vdb ${vda}`,
		"DEPLOY_DISK_UNKNOWN",
	],
	[`vda ${vda}`, "vda 2048/0000:00:03.0///", "DEPLOY_NO_ROOM"],
])("refuses %s being %s", (line, other, expected) => {
	expect(answer).toContain(line);
	expect(code(() => plan(answer.replace(line, other)))).toBe(expected);
});

describe("the disk", () => {
	const unnamed = (text: string) =>
		plan(text.replace("target=vda", "target="), { named: undefined });
	const single = answer.replace(/disk=vdb.*\n/, "").replace(/mount=vdb.*/, "");

	it("has to be named when there are several, whatever runs from where", () => {
		const work = () => unnamed(answer);
		expect(work).toThrow(/has 2 disks, and deploy\.ssh\.disk does not say/);
		try {
			work();
		} catch (error) {
			expect(error).toMatchObject({
				exitCode: 2,
				problems: [
					{
						code: "DEPLOY_DISK_UNNAMED",
						hint: "there are: /dev/vda (3072 MiB, vda1 1 MiB dock0-bios mounted at /, vda2 48 MiB dock0-state); /dev/vdb (1 MiB, vdb 1 MiB mounted at /srv)",
					},
				],
			});
		}
	});

	it("is the only one when the running system is on it", () => {
		const { before, actions, losses } = unnamed(single);
		expect(before.disk.name).toBe("vda");
		expect(actions.join("\n")).toContain("overwrite /dev/vda,");
		expect(losses[0]).toContain("all of /dev/vda (3072 MiB)");
	});

	it("is not guessed when that runs from memory or the network", () => {
		const rescue = single.replace("mount=vda1 /\n", "");
		expect(() => unnamed(rescue)).toThrow(/does not run from its only disk/);
		expect(plan(rescue).before.disk.name).toBe("vda");
		// A host of ours has its root in a slot, of which no mount tells.
		const host = rescue.replace("dock0-bios", "dock0-boot");
		expect(code(() => unnamed(host))).toBe("DEPLOY_DISK_UNNAMED");
		expect(unnamed(`slot=a\n${host}`).before.disk.name).toBe("vda");
	});

	it("is known to hold the root whatever else is mounted from it", () => {
		const twice = `${single}\nmount=vda1 /var/lib/docker\n`;
		expect(unnamed(twice).losses[0]).toContain(
			"vda1 1 MiB dock0-bios mounted at /,",
		);
	});
});

it("does not take just any answer for a server's", () => {
	expect(code(() => parseFacts("This account is not available.\n"))).toBe(
		"SSH_STRANGE_ANSWER",
	);
});

it("writes a plan that a shell reads, whatever is in it", () => {
	const text = installPlan(
		"1a2b",
		{
			...plan(answer).before,
			disk: { name: "vda", identity: "1/it's $HOME/`x`" },
		},
		{ packed: "aa", sha256: "bb" },
	);
	expect(text).toContain("disk='1/it'\\''s $HOME/`x`'\n");
	expect(text).toContain("addresses='10.0.2.15/24 fec0::5054:ff:fe12:3456/64'");
	expect(shellWord("a'b")).toBe("'a'\\''b'");
});

it("knows the installer's word from a web page", () => {
	expect(parseReport("1a2b writing 40 writing vda\n")).toEqual({
		...{ id: "1a2b", state: "writing", percent: 40, message: "writing vda" },
	});
	expect(parseReport("<html>1a2b writing 40 x")).toBeUndefined();
});
