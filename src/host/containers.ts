import { sha256 } from "../system/files.ts";
import { shellWord } from "../system/shell-word.ts";
import { type BundleFile, textFile, wantedBy } from "./bundle-file.ts";
import { subnetOf } from "./docker.ts";
import { unitName, unitText } from "./quote.ts";
import { s6Service } from "./s6.ts";
import type { Init } from "./schema.ts";
import type { ContainerSettings } from "./schema-containers.ts";

/** What a container's settings lead to outside of the config: files that were read, scripts that ran. */
export interface ContainerSources {
	/** Output of `envScript`. */
	scriptEnv?: string;
}

const base = (name: string): string => `/etc/dock0/containers/${name}`;

/** The unit of a container. */
export function containerUnit(name: string): string {
	return `dock0-container-${unitName(name)}.service`;
}

/**
 * A container's service and what /usr/lib/dock0/container reads: `run`, a piece of shell that sets
 * variables and the arguments of `docker create`, and the files it names. Nobody but root may look.
 * @param network6 the IPv6 network of all containers.
 */
export function containerFiles(
	name: string,
	settings: ContainerSettings,
	sources: ContainerSources,
	network6: string,
	init: Init,
): BundleFile[] {
	const env = envFile(settings, sources);
	const secrets = Object.entries(settings.secrets).map(
		([file, secret]): BundleFile => ({
			path: `${base(name)}/secrets/${file}`,
			content: typeof secret === "string" ? secret : secret.value,
			mode: 0o400,
			uid: typeof secret === "string" ? 0 : secret.uid,
		}),
	);
	return [
		{ path: base(name), folder: true, mode: 0o700 },
		textFile(
			`${base(name)}/run`,
			runText(name, settings, { env, secrets, network6 }),
			0o600,
		),
		{ path: `${base(name)}/env`, content: env, mode: 0o600 },
		...(secrets.length > 0
			? [{ path: `${base(name)}/secrets`, folder: true, mode: 0o711 } as const]
			: []),
		...secrets,
		...(init === "s6" ? s6Files(name, settings) : unitFiles(name, settings)),
	];
}

function unitFiles(name: string, settings: ContainerSettings): BundleFile[] {
	const unit = containerUnit(name);
	return [
		textFile(`/etc/systemd/system/${unit}`, unitLines(name, settings)),
		wantedBy("multi-user.target", unit),
	];
}

/** For finish scripts of s6-supervise(1): do not start it again. */
const stayDown = 125;

function s6Files(name: string, settings: ContainerSettings): BundleFile[] {
	const finish = {
		always: [],
		"on-failure": [`[ "$1" != 0 ] || exit ${stayDown}`],
		no: [`exit ${stayDown}`],
	}[settings.restart];
	return s6Service(`dock0-container-${name}`, {
		after: ["docker", "dock0-images", "network"],
		afterIfPossible: settings.depends.map(
			(other) => `dock0-container-${other}`,
		),
		run: [`exec /usr/lib/dock0/container run ${shellWord(name)}`],
		reload: [`exec /usr/lib/dock0/container replace ${shellWord(name)}`],
		...(finish.length > 0 ? { finish } : {}),
		stopSeconds: settings.stopSeconds + 30,
	});
}

function envFile(
	settings: ContainerSettings,
	sources: ContainerSources,
): string {
	const texts = [settings.envFile, sources.scriptEnv].map((text) =>
		text?.trim() ? `${text.trim()}\n` : "",
	);
	const own = Object.entries(settings.env).map(
		([key, value]) => `${key}=${value}\n`,
	);
	return [...texts, ...own].join("");
}

function runText(
	name: string,
	settings: ContainerSettings,
	{
		env,
		secrets,
		network6,
	}: { env: string; secrets: readonly BundleFile[]; network6: string },
): string[] {
	const words = createArguments(name, settings);
	const lines = [
		`image=${shellWord(settings.image)}`,
		`networks=${shellWord(settings.networks.map((network) => `${network}=${subnetOf(network, network6)}`).join(" "))}`,
		`ports=${shellWord(
			settings.ports
				.map(
					({ external, internal, protocol }) =>
						`${protocol}:${external}:${internal ?? external}`,
				)
				.join(" "),
		)}`,
		`checked=${settings.health ? "yes" : ""}`,
		`start_seconds=${settings.startSeconds}`,
		`drain_seconds=${settings.drainSeconds}`,
		`set -- ${words.map(shellWord).join(" ")}`,
	];
	// Tells a container that was made from other settings; nothing of a secret can be read from it.
	const config = sha256(
		JSON.stringify([
			lines,
			env,
			secrets.map((file) => [
				file.path,
				"content" in file && String(file.content),
			]),
		]),
	);
	return [...lines.slice(0, -1), `config=${config}`, ...lines.slice(-1)];
}

/** Arguments of docker-create(1); the program adds the name, the labels and the image's own place. */
function createArguments(name: string, settings: ContainerSettings): string[] {
	const { health, capabilities } = settings;
	const each = (flag: string, values: readonly string[]): string[] =>
		values.flatMap((value) => [flag, value]);
	return [
		...each("--hostname", [name.replaceAll(/[^a-z0-9-]/g, "-")]),
		...each("--env-file", [`${base(name)}/env`]),
		...each("--stop-timeout", [String(settings.stopSeconds)]),
		...each("--volume", settings.volumes),
		...Object.keys(settings.secrets).flatMap((file) => [
			"--volume",
			`${base(name)}/secrets/${file}:/run/secrets/${file}:ro`,
		]),
		...(settings.user ? ["--user", settings.user] : []),
		...(settings.memory ? ["--memory", settings.memory] : []),
		...(settings.cpus ? ["--cpus", String(settings.cpus)] : []),
		...(settings.pids ? ["--pids-limit", String(settings.pids)] : []),
		...(settings.readOnly ? ["--read-only"] : []),
		...each("--cap-drop", capabilities.drop),
		...each("--cap-add", capabilities.add),
		...(health
			? [
					...each("--health-cmd", [health.command]),
					...each("--health-interval", [`${health.interval}s`]),
					...each("--health-timeout", [`${health.timeout}s`]),
					...each("--health-retries", [String(health.retries)]),
					...each("--health-start-period", [`${health.startPeriod}s`]),
				]
			: []),
		...(settings.entrypoint === undefined
			? []
			: ["--entrypoint", settings.entrypoint]),
		...settings.options,
		settings.image,
		...settings.command,
	];
}

function unitLines(name: string, settings: ContainerSettings): string[] {
	const needed = settings.depends.map(containerUnit).join(" ");
	return [
		"[Unit]",
		`Description=Container ${unitText(name)}`,
		`After=docker.service dock0-images.service dock0-firewall.service${needed ? ` ${needed}` : ""}`,
		`Wants=docker.service dock0-images.service${needed ? ` ${needed}` : ""}`,
		// A container that cannot start is tried for ever, at growing intervals.
		"StartLimitIntervalSec=0",
		"",
		"[Service]",
		"Type=notify",
		"NotifyAccess=all",
		`ExecStart=/usr/lib/dock0/container run ${unitText(name)}`,
		`ExecReload=/usr/lib/dock0/container replace ${unitText(name)}`,
		`ExecStop=/usr/lib/dock0/container stop ${unitText(name)}`,
		`Restart=${settings.restart}`,
		"RestartSec=2",
		`TimeoutStartSec=${settings.startSeconds + 600}`,
		`TimeoutStopSec=${settings.stopSeconds + 30}`,
		"",
		"[Install]",
		"WantedBy=multi-user.target",
	];
}
