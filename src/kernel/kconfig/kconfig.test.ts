import { expect, test } from "vitest";
import { ExpectedError } from "../../system/errors.ts";
import { lastRequests, parseConfig, parseFragment } from "./config-file.ts";
import { explainDropped } from "./explain.ts";
import { formatExpression } from "./expression.ts";
import { describeDropped, findDropped } from "./honesty.ts";
import { parseKconfig } from "./parse.ts";

const files: Record<string, string> = {
	Kconfig: `mainmenu "Test $(KERNELVERSION)"
source "arch/$(SRCARCH)/Kconfig"
source "fs/Kconfig"
`,
	"arch/x86/Kconfig": `config X86
	def_bool y
	select HAVE_THING if 64BIT

config 64BIT
	bool "64-bit kernel" if "$(ARCH)" = "x86"
	help
	  Say yes to say yes.

	  config NOT_A_CONFIG
	     bool "only words in a help text"

config HAVE_THING
	bool

config NR_CPUS
	int "CPUs" if 64BIT
	range 2 512

choice
	prompt "Timer frequency"
	default HZ_250
config HZ_100
	bool "100 HZ"
config HZ_250
	bool "250 HZ"
endchoice
`,
	"fs/Kconfig": `menuconfig BLOCK
	bool "Enable the block layer" if EXPERT
	default y

config EXPERT
	bool "Experts"

if BLOCK

menu "File systems"
	depends on 64BIT

config EXT4_FS
	tristate "ext4"
	select CRC
	depends on MODULES || \\
		   SIMPLE
	help
	 One.

config MODULES
	bool "Modules"
config SIMPLE
	bool "Simple"
endmenu
endif

config CRC
	tristate
`,
};
const tree = parseKconfig("/", {
	read: (path) => {
		const text = files[path];
		if (text === undefined) throw new Error(`no file ${path}`);
		return text;
	},
});

test("menus, ifs, continuations and sourced files all count as dependencies", () => {
	const [ext4] = tree.get("EXT4_FS")?.definitions ?? [];
	expect(ext4?.dependsOn && formatExpression(ext4.dependsOn)).toBe(
		"BLOCK && 64BIT && (MODULES || SIMPLE)",
	);
	expect(ext4).toMatchObject({ file: "fs/Kconfig", line: 13 });
	expect(tree.get("EXT4_FS")?.type).toBe("tristate");
	expect(tree.get("CRC")?.selectedBy.map(({ by }) => by)).toEqual(["EXT4_FS"]);
	expect(tree.has("NOT_A_CONFIG")).toBe(false);
	expect(tree.get("HZ_100")?.definitions[0]?.choice?.members).toEqual([
		"HZ_100",
		"HZ_250",
	]);
	expect(tree.get("NR_CPUS")?.definitions[0]?.range).toMatchObject({
		low: "2",
		high: "512",
	});
});

const explain = (name: string, wanted: string, config: string) =>
	explainDropped(name, wanted, parseConfig(config), tree);

test("names each dependency that is off, with the line that repairs it", () => {
	const explanation = explain(
		"EXT4_FS",
		"y",
		"CONFIG_64BIT=y\nCONFIG_SIMPLE=y\n",
	);
	expect(explanation.reason).toContain("BLOCK, which is off");
	// BLOCK can only be asked for under EXPERT
	expect(explanation.remedies).toEqual(["CONFIG_EXPERT=y", "CONFIG_BLOCK=y"]);
});

test("alternatives are all named", () => {
	expect(
		explain("EXT4_FS", "y", "CONFIG_64BIT=y\nCONFIG_BLOCK=y\n").reason,
	).toBe("it depends on one of MODULES or SIMPLE, none of which holds");
});

test("options without a prompt: who selects them", () => {
	const explanation = explain(
		"CRC",
		"y",
		"CONFIG_64BIT=y\nCONFIG_BLOCK=y\nCONFIG_SIMPLE=y\n",
	);
	expect(explanation.reason).toBe(
		"it has no prompt, it is only selected by EXT4_FS",
	);
	expect(explanation.remedies).toEqual(["CONFIG_EXT4_FS=y"]);
});

test("an option that stays on: who forces it", () => {
	expect(explain("CRC", "n", "CONFIG_EXT4_FS=y\nCONFIG_CRC=y\n").reason).toBe(
		"it is y because EXT4_FS selects it",
	);
	expect(explain("BLOCK", "n", "CONFIG_BLOCK=y\n")).toEqual({
		reason:
			"it is y by default and can only be changed when asked for: it depends on EXPERT, which is off",
		remedies: ["CONFIG_EXPERT=y"],
	});
});

test("misspelt names, choices, ranges and modules of bools", () => {
	expect(explain("EXT4FS", "y", "").reason).toContain("did you mean EXT4_FS?");
	expect(explain("HZ_100", "y", "CONFIG_HZ_250=y\n").reason).toBe(
		"only one of the choice 'Timer frequency' can be set, and HZ_250 is",
	);
	expect(
		explain("NR_CPUS", "9999", "CONFIG_64BIT=y\nCONFIG_NR_CPUS=512\n").reason,
	).toContain("range, 2 to 512");
	expect(explain("EXPERT", "m", "").reason).toContain("cannot be a module");
});

test("requests that the result honours are not reported; off and absent are the same", () => {
	const requests = parseFragment(
		'CONFIG_A=y\nCONFIG_B=n\n# CONFIG_C is not set\nCONFIG_D="x"\nCONFIG_E=0x10\n',
		"f",
	);
	const config = parseConfig('CONFIG_A=y\nCONFIG_D="x"\nCONFIG_E=16\n');
	expect(findDropped(requests, config, () => tree)).toEqual([]);
	const [dropped] = findDropped(
		parseFragment("CONFIG_EXT4_FS=y\n", "f"),
		parseConfig("CONFIG_64BIT=y\nCONFIG_SIMPLE=y\nCONFIG_EXPERT=y\n"),
		() => tree,
	);
	expect(dropped && describeDropped(dropped)).toBe(
		"CONFIG_EXT4_FS=y was dropped: it depends on BLOCK, which is off; add CONFIG_BLOCK=y",
	);
});

test("fragments: optional lines, last one wins, bad lines named", () => {
	const requests = parseFragment("# optional\nCONFIG_A=y\nCONFIG_B=y\n", "f");
	expect(requests.map(({ optional }) => optional)).toEqual([true, false]);
	const twice = lastRequests(
		parseFragment("CONFIG_A=y\nCONFIG_B=y\nCONFIG_A=n\n", "f"),
	);
	expect(twice.map(({ name, value }) => `${name}=${value}`)).toEqual([
		"B=y",
		"A=n",
	]);
	try {
		parseFragment("CONFIG_A=yes\nB=y\nCONFIG_C=y # why\n", "f");
		expect.unreachable();
	} catch (error) {
		if (!(error instanceof ExpectedError)) throw error;
		expect(error.problems.map(({ where }) => where?.line)).toEqual([1, 2, 3]);
	}
});
