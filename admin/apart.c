#include "admin/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { LOOK_MS = 200, SAID_MAX = 8192, WORDS_MAX = 16, ENV_MAX = 128, PIECE = 16384 };

extern char **environ;

void
apart_begin(struct apart *a)
{
	pthread_mutex_init(&a->lock, NULL);
}

void
apart_over(struct apart *a)
{
	pthread_mutex_destroy(&a->lock);
}

/* Under the lock it is not reaped, so that its number is nobody else's. */
static void
signal_it(struct apart *a, int number)
{
	pthread_mutex_lock(&a->lock);
	if (a->pid > 0)
		kill(-a->pid, number);
	pthread_mutex_unlock(&a->lock);
}

void
apart_stop(struct apart *a)
{
	pthread_mutex_lock(&a->lock);
	a->stopped = true;
	if (a->pid > 0)
		kill(-a->pid, SIGTERM);
	pthread_mutex_unlock(&a->lock);
}

bool
apart_is_stopped(struct apart *a)
{
	bool stopped;

	pthread_mutex_lock(&a->lock);
	stopped = a->stopped;
	pthread_mutex_unlock(&a->lock);
	return stopped;
}

/* ---- its command line and environment ---- */

struct words {
	char *word[ROUTE_VALUES_MAX + WORDS_MAX];
	size_t n;
};

static void
add(struct words *w, char *word)
{
	w->word[w->n++] = word;
}

static void
add_verb(struct words *w, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		add(w, mem_text_n(words, n));
		words += n;
		words += strspn(words, " ");
	}
}

/* It begins in the folder of its files: there they have short names, which is what trails show. */
static char *
as_seen_there(const struct route_value *v, const char *folder)
{
	const char *at = strstr(v->text, folder);
	size_t n = strlen(folder);

	if (at == NULL || at[n] != '/' || v->file.name[0] == '\0')
		return mem_text(v->text);
	return mem_fmt("%.*s%s", (int)(at - v->text), v->text, at + n + 1);
}

static void
add_option(struct words *w, const struct route_value *v, const char *folder)
{
	char *value;

	if (v->option->metavar == NULL) {
		add(w, mem_fmt("--%s", v->option->name));
		return;
	}
	value = as_seen_there(v, folder);
	add(w, mem_fmt("--%s=%s", v->option->name, value));
	free(value);
}

/* "--" before the arguments: none of them is taken for an option. */
static void
make_words(struct words *w, const struct apart_plan *p)
{
	const struct route_call *c = p->call;

	add(w, mem_text("trustlist"));
	add_verb(w, c->verb->words);
	add(w, mem_fmt("--root=%s", p->root));
	if (!c->as_text)
		add(w, mem_text("--json"));
	if (c->yes)
		add(w, mem_text("--yes"));
	for (size_t i = 0; i < c->values; i++)
		if (c->value[i].option != NULL)
			add_option(w, &c->value[i], p->folder);
	add(w, mem_text("--"));
	for (size_t i = 0; i < c->values; i++)
		if (c->value[i].option == NULL)
			add(w, as_seen_there(&c->value[i], p->folder));
	add(w, NULL);
}

static void
free_words(struct words *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->word[i] != NULL)
			mem_wipe(w->word[i], strlen(w->word[i]));
		free(w->word[i]);
	}
}

/* What is said of the service manager is not for it: it would tell that the service is ready. */
static bool
is_ours_alone(const char *variable)
{
	static const char *const names[] = { "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=",
		APART_WHO "=", APART_FROM "=", APART_PROGRESS "=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void
make_environment(struct words *w, const struct apart_plan *p)
{
	for (char **at = environ; at != NULL && *at != NULL && w->n < ENV_MAX; at++)
		if (!is_ours_alone(*at))
			add(w, mem_text(*at));
	add(w, mem_fmt("%s=%s", APART_WHO, p->who));
	add(w, mem_fmt("%s=%s", APART_FROM, p->from));
	add(w, mem_text(APART_PROGRESS "=lines"));
	add(w, NULL);
}

/* ---- the process ---- */

static int
spawn_it(const struct apart_plan *p, int out, int err, pid_t *pid)
{
	struct words argv = { .n = 0 }, env = { .n = 0 };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	int rc;

	make_words(&argv, p);
	make_environment(&env, p);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawn_file_actions_addchdir_np(&files, p->folder);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(
	    &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&how, 0);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	rc = posix_spawn(pid, "/proc/self/exe", &files, &how, argv.word, env.word);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	free_words(&argv);
	free_words(&env);
	return rc;
}

static int
start(struct apart *a, const struct apart_plan *p, int out, int err, struct err *e)
{
	int rc = ECANCELED;

	pthread_mutex_lock(&a->lock);
	if (!a->stopped)
		rc = spawn_it(p, out, err, &a->pid);
	if (rc != 0)
		a->pid = 0;
	pthread_mutex_unlock(&a->lock);
	if (rc == 0)
		return 0;
	return err_set(
	    e, rc == ECANCELED ? ERR_BUSY : ERR_FAILED, "no process for it: %s", strerror(rc));
}

/* Its exit status; -1: it ended otherwise. */
static int
reap(struct apart *a)
{
	int status = 0;
	pid_t pid;

	/* All its pipes are closed, or it was killed: this does not take long. */
	for (;;) {
		pthread_mutex_lock(&a->lock);
		pid = waitpid(a->pid, &status, WNOHANG);
		if (pid != 0)
			a->pid = 0;
		pthread_mutex_unlock(&a->lock);
		if (pid != 0)
			break;
		poll(NULL, 0, 1);
	}
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- what it says ---- */

struct listening {
	const struct apart_plan *plan;
	struct wr *doc, *said;
	char line[APART_LINE_MAX];
	size_t n;
};

static void
end_line(struct listening *l)
{
	char plain[APART_LINE_MAX * 2];

	if (l->n == 0)
		return;
	bytes_printable(bytes_over(l->line, l->n), plain, sizeof(plain));
	if (l->said->n + strlen(plain) > SAID_MAX)
		l->said->n = 0;
	wr_fmt(l->said, "%s\n", plain);
	l->plan->line(l->plan->ctx, plain);
	l->n = 0;
}

static void
take_lines(struct listening *l, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || p[i] == '\r')
			end_line(l);
		else if (l->n < sizeof(l->line))
			l->line[l->n++] = p[i];
	}
}

/* False: it is closed. */
static bool
take_some(int fd, struct listening *l, bool is_doc)
{
	char piece[PIECE];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	if (is_doc)
		wr_put(l->doc, bytes_over(piece, (size_t)n));
	else
		take_lines(l, piece, (size_t)n);
	return true;
}

/* Told to end it has some time for it; then it is made to. */
static void
press(struct apart *a, int64_t *since)
{
	if (!apart_is_stopped(a))
		return;
	if (*since == 0)
		*since = clock_mono_ms();
	if (clock_mono_ms() - *since > APART_ENDS_MS)
		signal_it(a, SIGKILL);
}

static void
listen_to(struct apart *a, struct listening *l, int out, int err)
{
	struct pollfd on[2] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };
	int64_t since = 0;

	while (on[0].fd >= 0 || on[1].fd >= 0) {
		press(a, &since);
		if (poll(on, 2, LOOK_MS) <= 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (on[i].revents != 0 && !take_some(on[i].fd, l, i == 0))
				on[i].fd = -1;
		if (l->doc->bad) /* nobody could take such a result */
			apart_stop(a);
	}
	end_line(l);
}

static void
close_both(int fd[2])
{
	for (int i = 0; i < 2; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

static int
judge(struct apart *a, const struct wr *doc, int status, struct err *e)
{
	if (doc->bad)
		return err_set(e, ERR_LIMIT, "a result of more than %d bytes", APART_DOC_MAX);
	if (apart_is_stopped(a))
		return err_set(e, ERR_BUSY, "it was ended before it was done");
	if (status < 0)
		return err_set(e, ERR_FAILED, "its process died");
	return 0;
}

int
apart_run(struct apart *a, const struct apart_plan *p, struct wr *doc, struct wr *said, int *status,
    struct err *e)
{
	struct listening l = { .plan = p, .doc = doc, .said = said };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc = -1;

	doc->max = APART_DOC_MAX;
	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		err_errno(e, "no pipe");
	else
		rc = start(a, p, out[1], err[1], e);
	if (rc == 0) {
		close(out[1]);
		close(err[1]);
		out[1] = err[1] = -1;
		listen_to(a, &l, out[0], err[0]);
		*status = reap(a);
		rc = judge(a, doc, *status, e);
	}
	close_both(out);
	close_both(err);
	return rc;
}
