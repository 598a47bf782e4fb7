/**
 * A machine whose kernel speaks SCTP, as this one's may not: another guest of the image, in the network `peers`. Members
 * and clients of SCTP listeners run there, in Perl, which the image has.
 */
import { AmphoraGuest, type Shape } from "./amphora-guest.ts";

const MAC = "fa:16:3e:00:03:01";
const ADDRESS = { 4: "10.3.0.11", 6: "fd00:3::11" } as const;
const NETWORK = [
  "modprobe sctp",
  "ip link set dev eth1 mtu 1450 up",
  `ip address add ${ADDRESS[4]}/24 dev eth1`,
  `ip address add ${ADDRESS[6]}/64 dev eth1 nodad`,
  "ip route add 10.1.0.0/24 via 10.3.0.2",
  "ip route add 10.2.0.0/24 via 10.3.0.2",
  "ip -6 route add fd00:1::/64 via fd00:3::2",
  "ip -6 route add fd00:2::/64 via fd00:3::2",
];
/** Sends each message back, with the member's name in front. */
const MEMBER = `
use strict; use warnings; use Socket qw(:all);
my ($name, $port) = @ARGV;
$SIG{CHLD} = "IGNORE";
socket(my $listener, AF_INET6, SOCK_STREAM, 132) or die "socket: $!";
setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1);
bind($listener, pack_sockaddr_in6($port, inet_pton(AF_INET6, "::"))) or die "bind: $!";
listen($listener, 16) or die "listen: $!";
while (1) {
  accept(my $client, $listener) or next;
  if (fork) { close $client; next }
  while (sysread($client, my $message, 4096)) { syswrite($client, "$name $message") }
  exit;
}`;
/** Asks so many times, and prints who answered with how many bytes that were right. */
const CLIENT = `
use strict; use warnings; use Socket qw(:all);
my ($address, $port, $count, $size) = @ARGV;
alarm 60;
my $is6 = $address =~ /:/;
socket(my $flow, $is6 ? AF_INET6 : AF_INET, SOCK_STREAM, 132) or die "socket: $!";
connect($flow, $is6 ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) : pack_sockaddr_in($port, inet_aton($address)))
  or die "connect: $!";
my %right;
for my $number (1 .. $count) {
  my $message = sprintf("%08d", $number) x ($size / 8);
  syswrite($flow, $message) == length $message or die "send: $!";
  sysread($flow, my $text, 4096) or die "receive: $!";
  my ($name, $answer) = split / /, $text, 2;
  $right{$name} += length $answer if $answer eq $message;
}
print map { "$_ $right{$_}\\n" } sort keys %right;`;

export class SctpPeer implements AsyncDisposable {
  readonly #machine: AmphoraGuest;

  private constructor(machine: AmphoraGuest) {
    this.#machine = machine;
  }

  static address(family: 4 | 6): string {
    return ADDRESS[family];
  }

  static async powerOn(image: string, shape: Shape): Promise<SctpPeer> {
    const machine = await AmphoraGuest.powerOn(image, shape);
    try {
      await machine.answering();
      await machine.guest.plugTap(MAC, "peers");
      await machine.exec("for i in $(seq 100); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done");
      await machine.exec(NETWORK.join(" && "));
      return new SctpPeer(machine);
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  async startMember(name: string, port: number): Promise<void> {
    await this.#machine.exec(`systemd-run --quiet --unit=member-${name} ${perl(MEMBER)} ${name} ${port}`);
  }

  async stopMember(name: string): Promise<void> {
    await this.#machine.exec(`systemctl stop member-${name}`);
  }

  /** @returns bytes of right answers by the name of who gave them */
  async talk(to: {
    address: string;
    port: number;
    count: number;
    size: number;
  }): Promise<Record<string, number>> {
    const words = [to.address, to.port, to.count, to.size].join(" ");
    const lines = (await this.#machine.exec(`${perl(CLIENT)} ${words}`)).trim().split("\n");
    const answers = new Map<string, number>();
    for (const line of lines) {
      const [name = "", bytes] = line.split(" ");
      answers.set(name, Number(bytes));
    }
    return Object.fromEntries(answers);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#machine[Symbol.asyncDispose]();
  }
}

/** As one word of a shell, whatever the program's text has. */
function perl(program: string): string {
  return `perl -e "$(echo ${Buffer.from(program).toString("base64")} | base64 -d)"`;
}
