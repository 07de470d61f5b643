/*
 * command: the same thing done by hand - as a command line, and as a request with curl.
 */
import { h, replace, copy, NO_COPY, say, region } from './dom.js';
import { verbs } from './verbs.js';
import { calls, route } from './api.js';

const quote = (text) =>
	/^[\w@%+=:,./-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`;

const isFile = (v) => typeof v === 'object' && v !== null;
/* On the command line a file is named; what is typed in here is a file there, too. */
const named = (v, key) => isFile(v) ? (v.name || (/password|string|pin/.test(key) ? '-' : 'FILE')) : String(v);

function cli(verb, params) {
	const rest = { ...params };
	const word = ['trustlist', ...verb.split(' ')];

	for (const key of verbs[verb].args) {
		for (const v of [rest[key] ?? []].flat())
			if (v !== '')
				word.push(named(v, key));
		delete rest[key];
	}
	for (const [key, value] of Object.entries(rest)) {
		if (['limit', 'offset', 'format', 'if-match'].includes(key))
			continue;
		for (const v of [value].flat()) {
			if (v === true)
				word.push(`--${key}`);
			else if (v !== '' && v !== false && v !== null && v !== undefined)
				word.push(`--${key}`, named(v, key));
		}
	}
	return word.map(quote).join(' ');
}

/* Content goes in by the file's name, and secrets not at all. */
function shown(key, value) {
	if (/^(password|old|new)$/.test(key))
		return '...';
	if (!isFile(value))
		return value;
	if (Array.isArray(value))
		return value.map((v) => isFile(v) ? shown('', v) : v);
	return { ...(value.name ? { name: value.name } : {}), base64: '...' };
}

export function curl(verb, params) {
	const { method, path } = route(verb, params);
	const line = ['curl', '--cacert', 'tomcat.pem', '-H', '"Authorization: Bearer $TOKEN"'];

	if (method === 'POST')
		line.push('--json', quote(JSON.stringify(params, (k, v) => k === '' ? v : shown(k, v))));
	return [...line, quote(location.origin + path)].join(' ');
}

export function line(text, label) {
	return h('div.command', h('pre', region(label),
		h('code', text)),
		h('button.small', { type: 'button', 'aria-label': `Copy: ${label}`,
			onclick: async () => say(await copy(text) ? 'Copied.' : NO_COPY) },
		'Copy'));
}

export function asCommand(verb, params) {
	return [line(cli(verb, params), `command line, ${verb}`), line(curl(verb, params), `curl, ${verb}`)];
}

/* Closed at first; now() gives the parameters as they stand, refresh() is for when they change. */
export function commandOf(verb, now) {
	const place = h('div');
	const node = h('details', { ontoggle: () => node.refresh() }, h('summary', 'Show as command'), place);

	node.refresh = async () => node.open && replace(place, asCommand(verb, await now()));
	return node;
}

/* What this screen has asked and done since it was opened, the newest last. */
export function shownCalls() {
	const seen = new Map();

	for (const c of calls)
		seen.set(cli(c.verb, c.params), c);
	return [...seen.values()].map((c) => h('section', h('h3', c.verb), asCommand(c.verb, c.params)));
}
