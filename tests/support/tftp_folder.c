/*
 * tftp_folder: serves the files of a folder over TFTP, to try our server with other people's
 * clients: tftp_folder FOLDER ADDRESS PORT.  Prints the port once it listens; SIGTERM ends it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tftp/server.h"

static int
resolve(void *ctx, const struct tftp_ask *ask, struct content **out, struct err *e)
{
	const int *root = ctx;
	struct file_identity id;
	int fd = file_open_under(*root, ask->name, e);

	if (fd < 0)
		return -1;
	if (file_identity_of(fd, &id, e) != 0) {
		close(fd);
		return -1;
	}
	*out = content_of_file(NULL, fd, (uint64_t)id.size);
	return 0;
}

static void
on_signal(void *ctx, int signal)
{
	(void)signal;
	loop_stop(ctx);
}

static int
serve(struct loop *l, const char *address, uint16_t port, int root, struct err *e)
{
	struct tftp_service service = { .resolve = resolve, .ctx = &root };
	struct loop_watch *term = loop_on_signal(l, SIGTERM, on_signal, l);
	struct tftp_server *s = tftp_server_open(l, address, port, &service, e);

	if (s != NULL) {
		printf("%u\n", tftp_server_port(s));
		fflush(stdout);
		loop_run(l);
	}
	loop_forget(term);
	tftp_server_close(s);
	return s == NULL ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct loop *l;
	struct err e;
	int root, rc;

	if (argc != 4) {
		fprintf(stderr, "usage: %s FOLDER ADDRESS PORT\n", argv[0]);
		return 2;
	}
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		perror(argv[1]);
		return 1;
	}
	l = loop_new(&e);
	rc = l == NULL ? -1 : serve(l, argv[2], (uint16_t)atoi(argv[3]), root, &e);
	if (rc != 0)
		fprintf(stderr, "%s\n", e.text);
	loop_free(l);
	close(root);
	return rc == 0 ? 0 : 1;
}
