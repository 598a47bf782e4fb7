/** `amphora first-boot`: the image's first boot, from the config drive (docs/image.md). */
import { firstBoot } from "../first-boot/first-boot.ts";

/** @returns exit code 0 @throws AgentError when there is no config drive, or none that is understood */
export async function firstBootCommand(): Promise<number> {
  await firstBoot((sentence) => console.log(sentence));
  return 0;
}
