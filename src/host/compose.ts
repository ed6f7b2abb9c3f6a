import { shellWord } from "../system/shell-word.ts";
import { type BundleFile, textFile, wantedBy } from "./bundle-file.ts";
import { unitName, unitText } from "./quote.ts";
import { s6Service } from "./s6.ts";
import type { Init } from "./schema.ts";

/** A compose project: the text of its file, and of its .env. */
export interface ComposeProject {
	file: string;
	env?: string | undefined;
}

/** A project's files and the service that hands them to Docker's compose plugin. */
export function composeFiles(
	name: string,
	{ file, env }: ComposeProject,
	init: Init,
): BundleFile[] {
	const folder = `/etc/dock0/compose/${name}`;
	return [
		{ path: folder, folder: true, mode: 0o700 },
		{ path: `${folder}/compose.yaml`, content: file, mode: 0o600 },
		...(env === undefined
			? []
			: [{ path: `${folder}/.env`, content: env, mode: 0o600 }]),
		...(init === "s6" ? s6Files(name, folder) : unitFiles(name, folder)),
	];
}

function s6Files(name: string, folder: string): BundleFile[] {
	const compose = `docker compose --project-name ${shellWord(name)} --project-directory ${shellWord(folder)} --file ${shellWord(`${folder}/compose.yaml`)}`;
	const surroundings = "export HOME=/root DOCKER_CONFIG=/etc/dock0/docker";
	return s6Service(`dock0-compose-${name}`, {
		after: ["docker", "dock0-images", "network"],
		run: [
			surroundings,
			`${compose} up --detach --remove-orphans || { sleep 5; exit 1; }`,
			"done_once",
		],
		reload: [surroundings, `exec ${compose} up --detach --remove-orphans 2>&1`],
		// 256: it was up, and is told to end
		finish: [surroundings, `[ "$1" != 256 ] || ${compose} down`],
		stopSeconds: 90,
	});
}

function unitFiles(name: string, folder: string): BundleFile[] {
	const unit = `dock0-compose-${unitName(name)}.service`;
	const compose = `/usr/bin/docker compose --project-name ${unitText(name)} --project-directory ${unitText(folder)} --file ${unitText(folder)}/compose.yaml`;
	return [
		textFile(`/etc/systemd/system/${unit}`, [
			"[Unit]",
			`Description=Compose project ${unitText(name)}`,
			"After=docker.service dock0-images.service dock0-firewall.service",
			"Wants=docker.service dock0-images.service",
			"",
			"[Service]",
			"Type=oneshot",
			"RemainAfterExit=yes",
			"Environment=HOME=/root DOCKER_CONFIG=/etc/dock0/docker",
			`ExecStart=${compose} up --detach --remove-orphans`,
			`ExecReload=${compose} up --detach --remove-orphans`,
			`ExecStop=${compose} down`,
			"TimeoutStartSec=900",
			"",
			"[Install]",
			"WantedBy=multi-user.target",
		]),
		wantedBy("multi-user.target", unit),
	];
}
