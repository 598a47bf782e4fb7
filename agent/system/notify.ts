/**
 * Messages to the service manager. They are datagrams to a unix socket, which Node cannot send: systemd's own program
 * does. Where no program can be started, the C library is called, which would cost megabytes if it were at hand
 * always: a machine without memory must not lose its agent to the watchdog as well.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { FIXED_ENVIRONMENT } from "./run.ts";

const TIMEOUT_MS = 5_000;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
/** Of `sockaddr_un` (unix(7)). */
const LONGEST_PATH = 107;

/**
 * @param socket - as of `$NOTIFY_SOCKET`
 * @param assignment - as `READY=1`
 * @throws Error when neither way works
 */
export async function notify(socket: string, assignment: string): Promise<void> {
  if (await runProgram(socket, assignment)) return;
  await sendDatagram(socket, `${assignment}\n`);
}

/** @returns whether it worked; it pretends to be its parent, as it may when root calls it (systemd-notify(1)) */
async function runProgram(socket: string, assignment: string): Promise<boolean> {
  // Without the option it waits until systemd has read the message.
  const child = spawn("systemd-notify", ["--no-block", assignment], {
    stdio: "ignore",
    env: { ...FIXED_ENVIRONMENT, NOTIFY_SOCKET: socket },
    timeout: TIMEOUT_MS,
  });
  try {
    const [exitCode] = (await once(child, "exit")) as [number | null];
    return exitCode === 0;
  } catch {
    // It is not there, or there is no room for a process: the other way has to do.
    return false;
  }
}

async function sendDatagram(socket: string, text: string): Promise<void> {
  const { dlopen } = await import("node:ffi");
  const { functions: libc } = dlopen(null, {
    socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
    sendto: { arguments: ["i32", "buffer", "u64", "i32", "buffer", "u32"], return: "i64" },
    close: { arguments: ["i32"], return: "i32" },
  });
  const address = encodeAddress(socket);
  const data = Buffer.from(text);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new Error("cannot open a socket for the service manager");
  const sent = libc.sendto(fd, data, BigInt(data.length), 0, address, address.length);
  libc.close(fd);
  if (Number(sent) !== data.length) throw new Error(`the service manager does not listen on ${socket}`);
}

/** `sockaddr_un`: the family, then a path with its end, or a name in the abstract space, which begins with zero. */
function encodeAddress(socket: string): Buffer {
  const isAbstract = socket.startsWith("@");
  const path = Buffer.from(isAbstract ? `\0${socket.slice(1)}` : `${socket}\0`);
  if (path.length > LONGEST_PATH)
    throw new Error(`the service manager's socket ${socket} has too long a name`);
  const family = Buffer.alloc(2);
  new Uint16Array(family.buffer, family.byteOffset, 1)[0] = AF_UNIX;
  return Buffer.concat([family, path]);
}
