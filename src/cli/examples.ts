import type { Command } from "commander";

/** A command line, and what it does. */
type Example = readonly [line: string, meaning: string];

/** What `--help` shows below the options, by command; the program itself is the empty text. */
const examples: Readonly<Record<string, readonly Example[]>> = {
	"": [
		["dock0 init", "begin a project"],
		["dock0 build", "build the dock0.yaml of this folder"],
		[
			"dock0 build base.yaml hosts/web1.yaml",
			"stack layers, the last one wins",
		],
		["dock0 boot", "start what was built in QEMU"],
		["dock0 explain vm.memory", "who set this value, and to what"],
	],
	init: [
		["dock0 init", "asks two questions"],
		["dock0 init web1 --template web-server --yes", "asks none"],
	],
	build: [
		["dock0 build", "the dock0.yaml of this folder"],
		["dock0 build base.yaml hosts/web1.yaml", "layers, the last one wins"],
		["dock0 build --refresh --json", "newer packages; events for programs"],
		["dock0 build --cache-from /srv/dock0-cache", "take what others made"],
	],
	boot: [
		["dock0 boot", "console here, Ctrl-] shuts down"],
		[
			"dock0 boot --detach --ready",
			"back at the prompt once the host is ready",
		],
		["dock0 boot --disk --firmware efi", "the image of dock0 disk, by UEFI"],
		[
			"dock0 boot --until 'login:' --timeout 60",
			"for scripts: exit code 0 when it came",
		],
	],
	dev: [
		["dock0 dev", "the dock0.yaml of this folder"],
		["dock0 dev web1", "the host of hosts/web1.yaml"],
	],
	ui: [
		["dock0 ui", "prints the address to open"],
		["dock0 ui --port 8765", "always the same port; the token is new"],
	],
	deploy: [
		["dock0 deploy --dry-run", "build the disk, show the plan"],
		["dock0 deploy", "ask, then do it"],
		["dock0 deploy --all --yes", "every layer in hosts/"],
	],
	ssh: [["dock0 ssh --run uptime", "one command on the host"]],
	console: [["dock0 console --host web1", "of the host in hosts/web1.yaml"]],
	destroy: [["dock0 destroy", "asks for the server's label"]],
	disk: [
		["dock0 disk", "build/NAME.img, or what disk.formats says"],
		["dock0 disk --format qcow2 gz", "for QEMU and for a cloud's upload"],
		["dock0 disk --format iso", "for a CD or a USB stick"],
	],
	config: [
		["dock0 config", "the bundle of the dock0.yaml of this folder"],
		[
			"dock0 config base.yaml hosts/web1.yaml",
			"of one host of a fleet; the root is not touched",
		],
	],
	push: [
		["dock0 push", "to where host.push.to says"],
		["dock0 push --check --to admin@192.0.2.1", "only what would change"],
	],
	status: [["dock0 status", "the bundle, the slot, the containers"]],
	rollback: [["dock0 rollback", "undo the last push"]],
	plan: [
		["dock0 plan", "what a build would do now"],
		["dock0 plan --json", "the same for programs"],
	],
	explain: [
		["dock0 explain", "every value, and who set it"],
		["dock0 explain rootfs -c base.yaml web1.yaml", "a part, of two layers"],
	],
	schema: [["dock0 schema > schema.json", "for your editor"]],
	"vm list": [["dock0 vm list", "what runs, and its ports"]],
	"vm stop": [["dock0 vm stop web-server", "by the name that vm list shows"]],
	"vm console": [["dock0 vm console web-server", "Ctrl-] leaves it running"]],
	"kernel config": [
		["dock0 kernel config --save kernel.config", "to look at or compare"],
	],
	"kernel build": [["dock0 kernel build", "the kernel without the rest"]],
	"kernel menuconfig": [
		[
			"dock0 kernel menuconfig --fragment mine.config",
			"change it in the menu, keep the change",
		],
	],
	"kernel diff": [["dock0 kernel diff old.config new.config", "- off, + on"]],
	"kernel check": [
		["dock0 kernel check kernel.config", "is it fit for Docker"],
	],
	"kernel prune": [["dock0 kernel prune --keep 1", "only the newest stays"]],
	lock: [
		["dock0 lock", "what a build takes now, into dock0.lock"],
		["dock0 lock --update", "the newest packages, and what that changes"],
		["dock0 lock --pool pool", "and keep their files"],
	],
	verify: [
		["dock0 verify build/web1", "is it what this folder's config builds"],
		["dock0 verify build/web1 --user builder", "also as an ordinary user"],
	],
	"release push": [
		[
			"dock0 release push build/web1 oci://registry.example.org/web1:stable",
			"hosts take it from there",
		],
	],
	"release list": [["dock0 release list", "newest first"]],
	"release use": [["dock0 release use 75ca58f8", "an earlier one, by its id"]],
	"release show": [["dock0 release show build/web1", "versions and sizes"]],
	"release verify": [
		[
			"dock0 release verify build/web1 --key keys/release.pem",
			"exit code 0 only if it is whole and signed",
		],
	],
	"release prune": [["dock0 release prune --keep 3", "older ones go"]],
	inspect: [
		["dock0 inspect", "what this project's build holds"],
		["dock0 inspect build/web1 --json", "everything, for programs"],
	],
	diff: [
		["dock0 diff", "the last build against the one before"],
		["dock0 diff old/web1 build/web1", "any two release folders"],
	],
	report: [
		["dock0 report", "report.html of this project's build"],
		[
			"dock0 report build/web1 --against old/web1 --vulnerabilities debian.json",
			"with changes and known vulnerabilities",
		],
	],
	"keys new": [["dock0 keys new", "keys/release.key and keys/release.pem"]],
	"keys list": [["dock0 keys list", "what is in keys/"]],
	"keys show": [["dock0 keys show release", "the public half"]],
	"keys rotate": [["dock0 keys rotate release", "make its successor"]],
	clean: [
		["dock0 clean", "what was not used for 30 days"],
		["dock0 clean --max-size 10G", "and the oldest beyond 10 GB"],
	],
	doctor: [["dock0 doctor", "what is missing, and the exact fix"]],
	completion: [
		[
			"dock0 completion bash > ~/.local/share/bash-completion/completions/dock0",
			"bash",
		],
		["dock0 completion zsh > ~/.zfunc/_dock0", "zsh, with ~/.zfunc in fpath"],
		["dock0 completion fish > ~/.config/fish/completions/dock0.fish", "fish"],
	],
	manual: [["dock0 manual | man -l -", "read it at once"]],
};

/** The examples of a command, given by its words after `dock0`. */
export function examplesOf(path: string): readonly Example[] {
	return examples[path] ?? [];
}

/** Lets `--help` of every command end with its examples. */
export function addExamples(command: Command, path = ""): void {
	const lines = examplesOf(path);
	if (lines.length > 0)
		command.addHelpText("after", `\nExamples:\n${alignExamples(lines)}`);
	for (const child of command.commands)
		addExamples(child, `${path} ${child.name()}`.trim());
}

function alignExamples(lines: readonly Example[]): string {
	const width = Math.max(...lines.map(([line]) => line.length));
	return lines
		.map(([line, meaning]) => `  ${line.padEnd(width)}   ${meaning}`)
		.join("\n");
}
