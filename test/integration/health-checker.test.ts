/** `amphora-health-checker sctp` against members that answer an INIT in every way; neither kernel need know SCTP. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { afterEach, before, test } from "node:test";
import { promisify } from "node:util";

const CHECKER = new URL("../../agent/cli/amphora-health-checker.pl", import.meta.url).pathname;
const run = promisify(execFile);

/**
 * A member in Perl: prints each packet for it in hexadecimal, and answers an INIT with a packet of the given chunk
 * type; "short": with one that is too short; "stranger": with one of another association.
 */
const MEMBER = String.raw`
  use Socket qw(:DEFAULT inet_pton AF_INET6 pack_sockaddr_in6); $| = 1;
  my ($address, $manner) = @ARGV;
  my $six = $address =~ /:/;
  socket(my $socket, $six ? AF_INET6 : AF_INET, SOCK_RAW, 132) or die "socket: $!";
  bind($socket, $six ? pack_sockaddr_in6(0, inet_pton(AF_INET6, $address)) : pack_sockaddr_in(0, inet_aton($address))) or die "bind: $!";
  print "ready\n";
  while (my $peer = recv $socket, my $packet, 1500, 0) {
    $packet = substr $packet, 4 * (ord($packet) & 0xf) unless $six;
    my ($from, $to, $tag, undef, $type) = unpack "nnNNC", $packet;
    next if $to != 9000;
    print unpack("H*", $packet), "\n";
    next if $type != 1;
    my $theirs = unpack "x16N", $packet;
    $theirs ^= 1 if $manner eq "stranger";
    my $answer = pack "nnNNCCn", $to, $from, $theirs, 0, ($manner =~ /^\d+$/ ? $manner : 2), 0, 4;
    chop $answer if $manner eq "short";
    send $socket, $answer, 0, $peer or die "send: $!";
  }
`;

/** Such a kernel answers the members' packets itself. */
const skip = /^SCTP/m.test(await readFile("/proc/net/protocols", "utf8")) && "this kernel knows SCTP";

const members: ChildProcess[] = [];
before(async () => {
  await run("ip", ["link", "set", "lo", "up"]);
});
afterEach(async () => {
  for (const member of members.splice(0))
    if (member.exitCode === null && member.kill()) await once(member, "exit");
});

async function startMember(address: string, manner: string): Promise<{ readonly packets: () => string[] }> {
  const member = spawn("perl", ["-e", MEMBER, address, manner], { stdio: ["ignore", "pipe", "inherit"] });
  members.push(member);
  let text = "";
  await new Promise<void>((resolve, reject) => {
    member.once("exit", () => reject(new Error("the member ended")));
    member.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      resolve();
    });
  });
  return { packets: () => text.split("\n").slice(1, -1) };
}

async function check(...words: string[]): Promise<{ code: number; output: string; errors: string }> {
  const checker = spawn(CHECKER, words, { stdio: ["ignore", "pipe", "pipe"] });
  const texts = { output: "", errors: "" };
  checker.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    texts.output += chunk;
  });
  checker.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    texts.errors += chunk;
  });
  const [code] = (await once(checker, "close")) as [number];
  return { code, ...texts };
}

/** CRC-32C with the most significant bit first, so that it shares no step with the checker's. */
function crc32c(bytes: Uint8Array): string {
  const reverse = (value: number, width: number) =>
    Number.parseInt([...value.toString(2).padStart(width, "0")].reverse().join(""), 2);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc = (crc ^ (reverse(byte, 8) << 24)) >>> 0;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x80000000 ? (crc << 1) ^ 0x1edc6f41 : crc << 1) >>> 0;
    }
  }
  const value = Buffer.alloc(4);
  value.writeUInt32LE((reverse(crc, 32) ^ 0xffffffff) >>> 0);
  return value.toString("hex");
}

test("the judge of checksums agrees with the contract", () => {
  assert.equal(crc32c(Buffer.from("123456789")), "839206e3");
  const init = "9c4023280000000000000000" + "01000014deadbeef0001a000000affff01020304";
  assert.equal(crc32c(Buffer.from(init, "hex")), "ea253df0");
});

for (const address of ["127.0.0.2", "::1"]) {
  for (const [manner, code, words] of [
    ["2", 0, "Received INIT ACK"],
    ["6", 1, "Received ABORT"],
    ["9", 3, "Received 9 Type chunk"],
    ["short", 2, "Timeout after 1 seconds."],
    ["stranger", 2, "Timeout after 1 seconds."],
  ] as const) {
    test(`${address}: an answer of the kind "${manner}" ends with ${code}`, { skip }, async () => {
      const { packets } = await startMember(address, manner);
      const result = await check("SCTP", "-t", code === 2 ? "1" : "20", address, "9000");
      assert.deepEqual([result.code, result.errors], [code, ""]);
      const abort = code === 0 || code === 3 ? "Sending ABORT packet\n" : "";
      assert.equal(result.output, `Sending INIT packet to ${address}:9000\n${words}\n${abort}`);

      const [init = "", ...rest] = await until(packets, abort === "" ? 1 : 2);
      const [, sourcePort = "", checksum = "", tag = ""] =
        /^(....)2328(?:0{8})(.{8})01000014(.{8})0001a000000affff.{8}$/.exec(init) ?? [];
      assert.ok(Number.parseInt(sourcePort, 16) >= 1024, init);
      assert.equal(checksum, checksumOf(init));
      const expected = abort && `${sourcePort}2328${tag}${checksumOf(rest[0] ?? "")}06010004`;
      assert.equal(rest.join(), expected);
    });
  }
}

for (const [words, errors] of [
  [[], /^usage: /],
  [["sctp"], /^usage: /],
  [["sctp", "127.0.0.1"], /^PORT is missing/],
  [["sctp", "127.0.0.1", "70000"], /^PORT: 0 to 65535/],
  [["sctp", "-t", "soon", "127.0.0.1", "9000"], /^SECONDS: a whole number/],
  [["sctp", "127.0.0.256", "9000"], /not an address/],
  [["sctp", "192.0.2.1", "9000"], /^192\.0\.2\.1: /],
] as const) {
  test(`"${words.join(" ")}" is an error that says why`, async () => {
    const result = await check(...words);
    assert.equal(result.code, 1);
    assert.match(result.errors, errors);
  });
}

test("another protocol is refused", async () => {
  assert.deepEqual(await check("udp", "127.0.0.1", "9000"), {
    code: 1,
    output: "Unsupported protocol 'udp'\n",
    errors: "",
  });
});

function checksumOf(packet: string): string {
  return crc32c(Buffer.from(`${packet.slice(0, 16)}00000000${packet.slice(24)}`, "hex"));
}

async function until(packets: () => string[], count: number): Promise<string[]> {
  const end = performance.now() + 10_000;
  while (packets().length < count) {
    if (performance.now() > end) throw new Error(`${packets().length} packets, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return packets();
}
