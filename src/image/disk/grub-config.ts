import { switchVariables } from "./env-block.ts";
import { partitionNumbers, slotLetter } from "./layout.ts";
import type { DiskSettings } from "./schema.ts";
import { headerBytes, headerOffset } from "./slot-header.ts";

const sector = 512;

/**
 * The script that is built into GRUB: reads the switch, counts a trial down, shows a menu of the slots
 * that hold something and starts one; when that cannot be loaded, another. It names the disk that GRUB
 * itself came from, so that a second disk with the same partitions does not matter.
 */
export function grubConfig(
	settings: Pick<DiskSettings, "slots" | "menuSeconds" | "serial">,
): string {
	const { bundle, boot } = partitionNumbers;
	const slots = Array.from({ length: settings.slots }, (_, index) => ({
		letter: slotLetter(index + 1),
		partition: partitionNumbers.firstSlot + index,
		header: headerOffset(index + 1) / sector,
	}));
	const state = partitionNumbers.firstSlot + settings.slots;
	const choose = (
		variable: string,
		cases: readonly (readonly [string, readonly string[]])[],
		otherwise: readonly string[],
	): string[] => [
		...cases.flatMap(([value, lines], index) => [
			`${index === 0 ? "if" : "elif"} [ "${variable}" = "${value}" ]; then`,
			...lines.map((line) => `\t${line}`),
		]),
		"else",
		...otherwise.map((line) => `\t${line}`),
		"fi",
	];
	const inFunction = (lines: readonly string[]): string[] =>
		lines.map((line) => `\t${line}`);
	return `${[
		"# Made by dock0; docs/disk.md says what it does.",
		...serialLines(settings.serial),
		`regexp --set=1:disk '^\\(([^,)]+)' "$cmdpath"`,
		`set boot="($disk,gpt${boot})"`,
		`set env="$boot/grubenv"`,
		`load_env --file "$env" ${switchVariables.join(" ")}`,
		"",
		"function dock0_save {",
		'\tsave_env --file "$env" dock0_try dock0_tries dock0_failed',
		"}",
		"",
		"function dock0_fail_trial {",
		'\techo "dock0: the trial of slot $dock0_try has failed"',
		'\tset dock0_failed="$dock0_try"',
		"\tset dock0_try=",
		"\tset dock0_tries=0",
		"\tset trial=",
		"\tdock0_save",
		"}",
		"",
		"# dock0_read SECTOR: the header there.",
		"function dock0_read {",
		"\tset dock0_end=",
		`\tsource "\${boot}\${1}+${headerBytes / sector}"`,
		'\t[ "$dock0_end" = ok ]',
		"}",
		"",
		"# dock0_start SLOT: comes back when it cannot be loaded.",
		"function dock0_start {",
		...inFunction(
			choose(
				"$1",
				slots.map(({ letter, partition, header }) => [
					letter,
					[`set slot="($disk,gpt${partition})"`, `set header=${header}`],
				]),
				["return"],
			),
		),
		'\tif dock0_read "$header"; then',
		'\t\tprobe --set=uuid --part-uuid "$slot"',
		`\t\tprobe --set=state --part-uuid "($disk,gpt${state})"`,
		'\t\tset parameters="dock0.slot=$1 dock0.root=PARTUUID=$uuid dock0.state=PARTUUID=$state"',
		'\t\tif [ "$1" = "$trial" ]; then set parameters="$parameters dock0.trial"; fi',
		'\t\tif [ -n "$dock0_failed" ]; then set parameters="$parameters dock0.failed=$dock0_failed"; fi',
		"\t\tset bundle=",
		`\t\tif [ "$dock0_bundle" = a ]; then set bundle=${bundle.a}; fi`,
		`\t\tif [ "$dock0_bundle" = b ]; then set bundle=${bundle.b}; fi`,
		'\t\tif [ -n "$bundle" ]; then',
		'\t\t\tprobe --set=uuid --part-uuid "($disk,gpt$bundle)"',
		'\t\t\tset parameters="$parameters dock0.extra=PARTUUID=$uuid dock0.extrahash=$dock0_bundle_hash,$dock0_bundle_size"',
		"\t\tfi",
		'\t\techo "dock0: starting slot $1, $dock0_name $dock0_version"',
		'\t\tif linux "$slot$dock0_kernel" $dock0_cmdline $parameters; then',
		'\t\t\tif initrd "$slot$dock0_initrd"; then boot; fi',
		"\t\tfi",
		"\tfi",
		'\techo "dock0: slot $1 cannot be started"',
		'\tif [ "$1" = "$trial" ]; then dock0_fail_trial; fi',
		"}",
		"",
		"# dock0_start_any SLOT: this one, else the good one, else any.",
		"function dock0_start_any {",
		'\tdock0_start "$1"',
		'\tdock0_start "$dock0_good"',
		...slots.map(({ letter }) => `\tdock0_start ${letter}`),
		"\tdock0_give_up",
		"}",
		"",
		"function dock0_give_up {",
		'\techo "dock0: no slot can be started; restart in 60 seconds, or at a key"',
		"\tsleep --interruptible 60",
		"\treboot",
		"}",
		"",
		"set trial=",
		'if [ -n "$dock0_try" ]; then',
		...inFunction([
			"set next=",
			...choose(
				"$dock0_tries",
				Array.from({ length: 9 }, (_, index) => [
					String(index + 1),
					[`set next=${index}`],
				]),
				["dock0_fail_trial"],
			),
			'if [ -n "$next" ]; then',
			'\tset dock0_tries="$next"',
			"\t# What cannot be counted is not tried, else it would be tried for ever.",
			'\tif dock0_save; then set trial="$dock0_try"; fi',
			"fi",
		]),
		"fi",
		"",
		"set found=",
		...slots.flatMap(({ letter, header }) => [
			`if dock0_read ${header}; then`,
			`	set found=1`,
			"	set mark=",
			`	if [ "$dock0_good" = ${letter} ]; then set mark=" (good)"; fi`,
			`	if [ "$dock0_failed" = ${letter} ]; then set mark=" (failed)"; fi`,
			`	if [ "$trial" = ${letter} ]; then set mark=" (trial)"; fi`,
			`	menuentry "${letter}: $dock0_name $dock0_version$mark" --id ${letter} { dock0_start_any ${letter}; }`,
			`elif [ "$trial" = ${letter} ]; then`,
			"	dock0_fail_trial",
			"fi",
		]),
		'if [ -z "$found" ]; then dock0_give_up; fi',
		'set default="$dock0_good"',
		'if [ -n "$trial" ]; then set default="$trial"; fi',
		`set timeout=${settings.menuSeconds}`,
	].join("\n")}\n`;
}

/** By BIOS the screen is the only console; EFI firmware has its own list, often with the serial port. */
export function serialLines(serial: DiskSettings["serial"]): string[] {
	if (!serial) return [];
	const { unit, speed } = serial;
	return [
		'if [ "$grub_platform" = pc ]; then',
		`	if serial --unit=${unit} --speed=${speed}; then`,
		"		terminal_input console serial",
		"		terminal_output console serial",
		"	fi",
		"fi",
	];
}
