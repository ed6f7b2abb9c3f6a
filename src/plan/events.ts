/** What a build tells its observers; the vocabulary of `--json` (docs/json-events.md). */
export type BuildEvent =
	| {
			type: "plan";
			steps: {
				name: string;
				title: string;
				cached: boolean;
				needs: string[];
				/** Seconds it took when it last ran; absent when it never did. */
				expected?: number;
			}[];
	  }
	| { type: "step:cached"; step: string; title: string }
	| { type: "step:pulled"; step: string; title: string; from: string }
	| { type: "warning"; message: string }
	| { type: "step:waiting"; step: string; reason: string }
	| { type: "step:start"; step: string; title: string; log: string }
	| {
			type: "step:progress";
			step: string;
			done: number;
			total?: number;
			unit: "bytes" | "%" | "items";
	  }
	| { type: "step:log"; step: string; line: string }
	| {
			type: "step:done";
			step: string;
			title: string;
			seconds: number;
			bytes: number;
	  }
	| {
			type: "step:failed";
			step: string;
			title: string;
			seconds: number;
			log: string;
	  };

/** Told of everything that a build does, while it does it. */
export type Observer = (event: BuildEvent) => void;
