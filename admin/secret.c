#include "admin/secret.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static void
put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return; /* a terminal that is gone says so when it is read */
}

/* Up to the end of the line. */
static int
read_line(int fd, struct wr *to, struct err *e)
{
	char byte;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) == 1 && byte != '\n' && byte != '\r') {
		if (to->n == SECRET_MAX)
			return err_set(e, ERR_LIMIT, "longer than %d bytes", SECRET_MAX);
		wr_put(to, bytes_over((uint8_t *)&byte, 1));
	}
	return n < 0 ? err_errno(e, "cannot read from the terminal") : 0;
}

/* Interrupted in between, the terminal would stay silent: signals wait until it speaks again. */
static int
ask(int fd, const char *prompt, struct wr *to, struct err *e)
{
	struct termios was, silent;
	sigset_t all, before;
	int rc;

	if (tcgetattr(fd, &was) != 0)
		return err_errno(e, "cannot silence the terminal");
	silent = was;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	put(fd, prompt);
	put(fd, ": ");
	tcsetattr(fd, TCSAFLUSH, &silent);
	rc = read_line(fd, to, e);
	tcsetattr(fd, TCSAFLUSH, &was);
	put(fd, "\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int
ask_at_terminal(
    const struct call *c, const char *name, const char *prompt, struct wr *to, struct err *e)
{
	/* A server runs verbs too, and its terminal is nobody's who calls one over HTTP. */
	bool is_shell = c->show != NULL && isatty(STDIN_FILENO);
	int fd = is_shell ? open("/dev/tty", O_RDWR | O_CLOEXEC) : -1, rc;

	if (fd < 0) {
		err_set(e, ERR_USAGE, "no %s, and nobody at a terminal to type it", prompt);
		return err_hint(e, "--%s FILE; - is standard input", name);
	}
	rc = ask(fd, prompt, to, e);
	close(fd);
	return rc;
}

/* Read as any file a terminal would show it. */
static bool
is_typed(const char *path)
{
	return path == NULL || (strcmp(path, "-") == 0 && isatty(STDIN_FILENO));
}

int
secret_read(
    const struct call *c, const char *name, const char *prompt, struct wr *to, struct err *e)
{
	const char *path = call_option(c, name);

	if (is_typed(path)) {
		if (ask_at_terminal(c, name, prompt, to, e) != 0)
			return -1;
	} else if (file_read(path, SECRET_MAX + 2, to, e) != 0) {
		return -1;
	}
	while (to->n > 0 && (to->p[to->n - 1] == '\n' || to->p[to->n - 1] == '\r'))
		to->n--;
	if (to->n > 0 && to->n <= SECRET_MAX)
		return 0;
	return err_set(e, to->n == 0 ? ERR_USAGE : ERR_LIMIT, "%s%s%s has 1 to %d bytes, not %zu",
	    path == NULL ? "" : path, path == NULL ? "a " : ": a ", prompt, SECRET_MAX, to->n);
}

int
secret_confirm(
    const struct call *c, const char *name, const char *prompt, const struct wr *was, struct err *e)
{
	struct wr again = { 0 };
	char *twice;
	int rc = 0;

	if (!is_typed(call_option(c, name)))
		return 0;
	twice = mem_fmt("%s again", prompt);
	rc = ask_at_terminal(c, name, twice, &again, e);
	if (rc == 0 && !bytes_eq(wr_view(was), wr_view(&again)))
		rc = err_set(e, ERR_USAGE, "the two differ: %s, %s", prompt, twice);
	wr_wipe(&again);
	free(twice);
	return rc;
}
