#include "cmd/rehearsal/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/phone/fetch.h"

/* 127.128.0.0/9, so that clusters that people number from 127.0.0.1 on are left alone. */
enum { FIRST = 128, NUMBERS_MAX = 8, TRIES = 12, LAST_OCTETS = 250 };

static bool
is_free(uint32_t address, int type, uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)
	};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;
	bool is;

	if (fd < 0)
		return false;
	/* A connection that was closed a moment ago is in nobody's way. */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	is = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	close(fd);
	return is;
}

/* The process number makes it, so that those who look at the same moment look elsewhere. */
static uint32_t
candidate(unsigned number, unsigned attempt)
{
	uint32_t pid = (uint32_t)getpid();
	uint32_t second = FIRST + attempt * NUMBERS_MAX + number % NUMBERS_MAX;

	return 127u << 24 | second << 16 | (pid / LAST_OCTETS % LAST_OCTETS + 1) << 8 |
	       (pid % LAST_OCTETS + 1);
}

int
loopback_find(unsigned number, char to[NODE_ADDRESS_MAX], struct err *e)
{
	static const uint16_t tcp[] = { FETCH_HTTP_PORT, 6971, 6972, 2445, 3804 };

	for (unsigned attempt = 0; attempt < TRIES; attempt++) {
		uint32_t address = candidate(number, attempt);
		struct in_addr in = { .s_addr = htonl(address) };
		bool ok = is_free(address, SOCK_DGRAM, FETCH_TFTP_PORT);

		for (size_t i = 0; ok && i < sizeof(tcp) / sizeof(tcp[0]); i++)
			ok = is_free(address, SOCK_STREAM, tcp[i]);
		if (ok && inet_ntop(AF_INET, &in, to, NODE_ADDRESS_MAX) != NULL)
			return 0;
	}
	return err_set(e, ERR_FAILED,
	    "no loopback address was found where the ports of a lab are free (127.%d.0.0 and up)",
	    FIRST);
}
