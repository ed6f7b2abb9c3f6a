import type { DeployEvent, Inspection } from "./provider.ts";

/** A plan as text: the server, what is done, what will be gone. */
export function describeDeployPlan(host: string, plan: Inspection): string {
	return [
		`${host}: ${plan.server}`,
		...plan.actions.map((action) => `  - ${action}`),
		...(plan.losses.length > 0
			? ["  gone for good:", ...plan.losses.map((loss) => `  ! ${loss}`)]
			: ["  nothing is lost"]),
	].join("\n");
}

/** An event as a line. */
export function describeDeployEvent(event: DeployEvent): string {
	const percent =
		event.fraction === undefined
			? ""
			: ` ${Math.round(event.fraction * 100)} %`;
	const mark = event.type === "note" ? "  " : "";
	return `${event.host}: ${mark}${event.text}${percent}`;
}
