import { type BundleFile, textFile, wantedBy } from "./bundle-file.ts";
import { unitName, unitText } from "./quote.ts";

/** A compose project: the text of its file, and of its .env. */
export interface ComposeProject {
	file: string;
	env?: string | undefined;
}

/** A project's files and the unit that hands them to Docker's compose plugin. */
export function composeFiles(
	name: string,
	{ file, env }: ComposeProject,
): BundleFile[] {
	const folder = `/etc/dock0/compose/${name}`;
	const unit = `dock0-compose-${unitName(name)}.service`;
	const compose = `/usr/bin/docker compose --project-name ${unitText(name)} --project-directory ${unitText(folder)} --file ${unitText(folder)}/compose.yaml`;
	return [
		{ path: folder, folder: true, mode: 0o700 },
		{ path: `${folder}/compose.yaml`, content: file, mode: 0o600 },
		...(env === undefined
			? []
			: [{ path: `${folder}/.env`, content: env, mode: 0o600 }]),
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
