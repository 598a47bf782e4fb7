#!/usr/bin/perl
# amphora-health-checker sctp [-t SECONDS] ADDRESS PORT: does a member answer an SCTP INIT? keepalived runs it for
# each member of an SCTP pool again and again. Perl, since Node has no raw sockets and takes ten times as long to
# start; perl-base is on every Debian and Ubuntu. docs/contract/tools.md, section 3, has texts, exit codes and packets.
use strict;
use warnings;
use Socket qw(:DEFAULT inet_pton AF_INET6 pack_sockaddr_in6);

use constant { IPPROTO_SCTP => 132, INIT_ACK => 2, ABORT => 6, DEFAULT_TIMEOUT => 3 };

# keepalived tells 0 from the rest only; 1 is what an error has always been.
$SIG{__DIE__} = sub { print STDERR @_; exit 1 };
exit main(@ARGV);

sub main {
    my ($protocol, @rest) = @_;
    die "usage: amphora-health-checker sctp [-t SECONDS] ADDRESS PORT\n" unless @rest;
    my $timeout = DEFAULT_TIMEOUT;
    if ($rest[0] eq '-t') {
        shift @rest;
        $timeout = integer('SECONDS', shift @rest);
    }
    if (lc $protocol ne 'sctp') {
        print "Unsupported protocol '$protocol'\n";
        return 1;
    }
    my ($address, $port) = ($rest[0], integer('PORT', $rest[1]));
    die "PORT: 0 to 65535, not $port\n" if $port < 0 || $port > 65_535;
    return check_sctp($address, $port, $timeout);
}

sub integer {
    my ($name, $text) = @_;
    die "$name is missing\n" unless defined $text;
    die "$name: a whole number, not '$text'\n" unless $text =~ /\A\s*([+-]?[0-9]+)\s*\z/;
    return $1 + 0;
}

sub check_sctp {
    my ($address, $port, $timeout) = @_;
    my $is_ipv6 = $address =~ /:/;
    socket(my $socket, $is_ipv6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_SCTP) or die "raw socket: $!\n";
    connect($socket, socket_address($address, $is_ipv6)) or die "$address: $!\n";
    my ($tag, $tsn) = map { 1 + int rand 0xffffffff } 1 .. 2;
    my $ports = pack 'nn', 1024 + int(rand 64_512), $port;

    print "Sending INIT packet to $address:$port\n";
    send_packet($socket, $ports, 0, pack 'CCnNNnnN', 1, 0, 20, $tag, 106_496, 10, 65_535, $tsn);
    my $type = first_chunk_type($socket, $is_ipv6, $tag, $timeout);
    if (!defined $type) {
        print "Timeout after $timeout seconds.\n";
        return 2;
    }
    if ($type == ABORT) {
        print "Received ABORT\n";
        return 1;
    }
    print $type == INIT_ACK ? "Received INIT ACK\n" : "Received $type Type chunk\n";
    # A kernel that knows SCTP tells the member by itself that nobody here began an association.
    if (!kernel_knows_sctp()) {
        print "Sending ABORT packet\n";
        send_packet($socket, $ports, $tag, pack 'CCn', 6, 1, 4);
    }
    return $type == INIT_ACK ? 0 : 3;
}

sub socket_address {
    my ($address, $is_ipv6) = @_;
    # Raw sockets have no ports; one that is not 0 is an error with IPv6.
    if ($is_ipv6) {
        my ($host, $zone) = split /%/, $address, 2;
        my $scope = defined $zone ? interface_index($zone) : 0;
        my $bytes = inet_pton(AF_INET6, $host) or die "$address: not an address\n";
        return pack_sockaddr_in6(0, $bytes, $scope);
    }
    my $bytes = inet_aton($address) or die "$address: not an address\n";
    return pack_sockaddr_in(0, $bytes);
}

sub interface_index {
    my ($name) = @_;
    open my $file, '<', "/sys/class/net/$name/ifindex" or die "$name: $!\n";
    return 0 + <$file>;
}

sub send_packet {
    my ($socket, $ports, $tag, $chunk) = @_;
    my $checksum = crc32c($ports . pack('NN', $tag, 0) . $chunk);
    defined send $socket, $ports . pack('NV', $tag, $checksum) . $chunk, 0 or die "send: $!\n";
    return;
}

# Undefined when nothing came in time that is for us.
sub first_chunk_type {
    my ($socket, $is_ipv6, $tag, $timeout) = @_;
    while ($timeout > 0) {
        my $readable = '';
        vec($readable, fileno $socket, 1) = 1;
        # Linux tells how much of the time was left.
        (my $ready, $timeout) = select $readable, undef, undef, $timeout;
        next if $ready < 1;
        defined recv $socket, my $packet, 1500, 0 or die "receive: $!\n";
        # The kernel leaves the header of IPv4 in front, and takes that of IPv6 off.
        my $start = $is_ipv6 ? 0 : 4 * (ord($packet) & 0xf);
        next if length($packet) - $start < 16;
        my (undef, $packet_tag, undef, $type) = unpack "x${start}NNNC", $packet;
        return $type if $packet_tag == $tag;
    }
    return;
}

sub kernel_knows_sctp {
    open my $file, '<', '/proc/net/protocols' or die "/proc/net/protocols: $!\n";
    return scalar grep { /^SCTP/ } <$file>;
}

# RFC 9260, appendix A; bit by bit, since a packet has 32 bytes at most.
sub crc32c {
    my ($bytes) = @_;
    my $crc = 0xffffffff;
    for my $byte (unpack 'C*', $bytes) {
        $crc ^= $byte;
        $crc = $crc & 1 ? ($crc >> 1) ^ 0x82f63b78 : $crc >> 1 for 1 .. 8;
    }
    return $crc ^ 0xffffffff;
}
