/** `amphora agent`: the daemon; in the image, after the machine has been set up from its config drive. */
export interface DaemonWords {
  readonly configFiles: readonly string[];
  /** Whether the machine is set up first, if it is new (docs/image.md). */
  readonly configDrive: boolean;
}

/** @returns the exit code @throws AgentError when there is no config drive, or none that is understood */
export async function agentCommand({ configFiles, configDrive }: DaemonWords): Promise<number> {
  if (configDrive) {
    const { firstBoot } = await import("../first-boot/first-boot.ts");
    await firstBoot((sentence) => console.log(sentence));
  }
  const { runAgent } = await import("../main.ts");
  return runAgent(configFiles);
}
