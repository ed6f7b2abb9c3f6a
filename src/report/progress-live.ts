import logUpdate from "log-update";
import type { BuildEvent, Observer } from "../plan/events.ts";
import { formatBytes, formatSeconds } from "./numbers.ts";
import { describeEvent } from "./progress-plain.ts";
import { remainingTime } from "./remaining.ts";

interface Running {
	title: string;
	started: number;
	progress?: string;
	lastLine: string;
}

/** A live list of running steps below the finished ones, redrawn in place; for terminals. */
export function liveProgress(): { observe: Observer; stop: () => void } {
	const running = new Map<string, Running>();
	const remaining = remainingTime();
	const draw = (): void => {
		if (running.size === 0) {
			logUpdate.clear();
			return;
		}
		const width = process.stdout.columns ?? 80;
		const left = remaining.seconds(performance.now() / 1000);
		logUpdate(
			[
				...[...running.values()].map((step) =>
					describeRunning(step, performance.now(), width),
				),
				...(left === undefined || left < 1
					? []
					: [`        about ${formatSeconds(Math.ceil(left))} left`]),
			].join("\n"),
		);
	};
	const timer = setInterval(draw, 200);
	timer.unref();
	const observe = (event: BuildEvent): void => {
		track(running, event);
		remaining.observe(event, performance.now() / 1000);
		const line = describeEvent(event, "normal");
		if (line !== undefined && event.type !== "step:start") {
			logUpdate.clear();
			process.stdout.write(`${line}\n`);
		}
		if (event.type !== "step:log") draw();
	};
	return {
		observe,
		stop: () => {
			clearInterval(timer);
			logUpdate.clear();
			logUpdate.done();
		},
	};
}

function track(running: Map<string, Running>, event: BuildEvent): void {
	switch (event.type) {
		case "step:start":
			running.set(event.step, {
				title: event.title,
				started: performance.now(),
				lastLine: "",
			});
			break;
		case "step:progress": {
			const step = running.get(event.step);
			if (step) step.progress = describeProgress(event);
			break;
		}
		case "step:log": {
			const step = running.get(event.step);
			if (step) step.lastLine = event.line;
			break;
		}
		case "step:done":
		case "step:failed":
			running.delete(event.step);
			break;
		default:
	}
}

function describeProgress(
	event: Extract<BuildEvent, { type: "step:progress" }>,
): string {
	const { done, total, unit } = event;
	if (unit === "%") return `${Math.round(done)} %`;
	const show = (amount: number): string =>
		unit === "bytes" ? formatBytes(amount) : String(amount);
	return total === undefined ? show(done) : `${show(done)} of ${show(total)}`;
}

/** One terminal line, cut to `width` columns. Pure. */
export function describeRunning(
	step: Running,
	now: number,
	width: number,
): string {
	const head = `        ${step.title} ${formatSeconds((now - step.started) / 1000)}`;
	const detail = step.progress ?? step.lastLine;
	const line = detail ? `${head}  ${detail}` : head;
	return line.slice(0, Math.max(20, width - 1));
}
