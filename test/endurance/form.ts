/** How much this run does, and from which seed: `run.ts` says so in the environment. */
import process from "node:process";

export const SEED = Number(process.env.ENDURANCE_SEED ?? 1);
export const IS_FULL = process.env.ENDURANCE_FULL === "yes";
/** The only story to run, when one is to be looked at again. */
export const ONLY_STORY =
  process.env.ENDURANCE_STORY === undefined ? undefined : Number(process.env.ENDURANCE_STORY);
