import type { ImageSignature } from "../release/signed-image.ts";
import type { Clock } from "../system/clock.ts";
import type { Journal } from "./journal.ts";

/** A server as people name it. */
export interface Server {
	id: string;
	label: string;
	/** Where the health checks ask. */
	address: string;
	/** Further arguments of ssh(1) that lead there. */
	sshOptions?: readonly string[];
}

/** A disk image, gzipped, as `dock0 disk` makes it. */
export interface Artefact {
	/** Absolute path. */
	file: string;
	/** Of the file, hex. */
	sha256: string;
	bytes: number;
	/** Size and SHA-256 of the disk inside. */
	diskBytes: number;
	diskSha256: string;
	/** When the config trusts keys: what was checked already, for whoever writes the disk to check again. */
	signed?: ImageSignature | undefined;
}

/** What a provider found, and what a deploy would do to it. */
export interface Inspection {
	server: string;
	/** One line for each thing that will be done, in order. */
	actions: string[];
	/** One line for each thing that will be gone for good. */
	losses: string[];
	/** What the provider needs to know later on; written to the journal. */
	before: unknown;
}

export interface DeployEvent {
	host: string;
	/** `step`: something begins; `progress`: how far it is, 0 to 1; `note`: worth knowing. */
	type: "step" | "progress" | "note";
	text: string;
	fraction?: number;
}

/** One deploy under way, as a provider sees it. */
export interface DeployRun {
	host: string;
	journal: Journal;
	artefact: Artefact;
	clock: Clock;
	signal: AbortSignal;
	report(event: Omit<DeployEvent, "host">): void;
	/** Whether another unfinished deploy of this project (one without the result `image-released`) needs the image. */
	imageNeeded(sha256: string): Promise<boolean>;
}

/**
 * Where servers come from. Every method may be called again after a crash in the middle of it, with the
 * journal as it was then, and has to end in the same state.
 */
export interface Provider {
	readonly name: string;
	/** What is done to a server, by name: `image`, … */
	readonly strategy: string;
	/** Checks access before anything else. @throws ExpectedError when it will not do. */
	check(): Promise<void>;
	/** The one server that the config means. @throws ExpectedError when several match. */
	find(): Promise<Server | undefined>;
	/** What `create` would make, or undefined when the config does not allow it. */
	creation(): string | undefined;
	create(run: DeployRun): Promise<Server>;
	/** Looks only. Without a server: what would be done to a new one. */
	inspect(run: DeployRun, server: Server | undefined): Promise<Inspection>;
	/** Makes the new system beside the old one. */
	stage(run: DeployRun): Promise<void>;
	/** Boots the new system. */
	switch(run: DeployRun): Promise<void>;
	/** Returns once the new system is healthy. @throws ExpectedError when it does not get so. */
	verify(run: DeployRun): Promise<void>;
	/** Makes the new system the one that stays. */
	keep(run: DeployRun): Promise<void>;
	/** Boots the old system again if need be, and removes what `stage` made. */
	rollback(run: DeployRun): Promise<void>;
	/** Called when a run stops halfway: puts back what should not stay so until the next run. */
	pause(run: DeployRun): Promise<void>;
	/** Removes what this project uploaded with this content: no host needs it any more. */
	forgetImage(sha256: string): Promise<void>;
	/** Arguments of ssh for the serial console. */
	console(server: Server): Promise<string[]>;
	/** Removes the server itself. */
	destroy(server: Server): Promise<void>;
	/** What `destroy` would remove. */
	describe(server: Server): Promise<string[]>;
}
