/*
 * api: the one place that talks to the server.  A verb of the command line is a route; an error
 * arrives as a Problem.  What was asked is remembered for "Show as command".
 */
import { verbs, covers } from './verbs.js';

export const session = { user: null, role: null, csrf: null };

/* { verb, params } of this screen. */
export const calls = [];

/* What went wrong (RFC 9457): what, why and what next. */
export class Problem extends Error {
	constructor(doc, status) {
		super(doc.detail || doc.title || `the server answered ${status}`);
		this.status = status;
		this.code = doc.code || 'failed';
		this.title = doc.title || '';
		this.hint = doc.hint || null;
		this.result = doc.result || null;
		this.retryAfter = null;
	}
}

export const may = (verb) => covers(session.role, verbs[verb].right);

/* Tells the page that there is no session any more. */
const over = () => dispatchEvent(new Event('session-over'));

function queryOf(params) {
	const q = new URLSearchParams();

	for (const [key, value] of Object.entries(params))
		for (const v of [value].flat())
			if (v !== '' && v !== false && v !== null && v !== undefined)
				q.append(key, v === true ? '1' : v);
	return q.size > 0 ? `?${q}` : '';
}

/* Method and path of a verb. */
export function route(verb, params) {
	const path = `/api/v1/${verb.replaceAll(' ', '/')}`;

	return verbs[verb].get ? { method: 'GET', path: path + queryOf(params) } : { method: 'POST', path };
}

async function document(answer) {
	const type = answer.headers.get('content-type') || '';

	return type.includes('json') ? answer.json() : { title: await answer.text() };
}

export async function request(method, path, body, headers = {}) {
	let answer, doc;

	try {
		answer = await fetch(path, { method, credentials: 'same-origin', cache: 'no-store',
			headers: { ...headers, ...(method === 'GET' ? {} : { 'X-CSRF-Token': session.csrf || '',
				'Content-Type': 'application/json' }) },
			body: method === 'GET' || body === undefined ? undefined : JSON.stringify(body) });
		doc = answer.status === 204 ? {} : await document(answer);
	} catch {
		throw new Problem({ code: 'unreachable', detail: 'The server does not answer.',
			hint: 'Is "trustlist serve" running, and the way to it open?' }, 0);
	}
	if (answer.ok)
		return { doc, answer };
	const problem = new Problem(doc, answer.status);

	problem.retryAfter = answer.headers.get('retry-after');
	if (problem.code === 'not-logged-in' && session.user !== null)
		over();
	throw problem;
}

/* ---- long work ---- */

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

async function follow(path, onprogress, signal) {
	for (;;) {
		const { doc } = await request('GET', path);

		onprogress?.(doc);
		if (doc.state === 'done')
			return doc.result;
		if (doc.state !== 'running' && doc.state !== 'queued')
			throw new Problem(doc.result || { code: doc.state, detail: `The job was ${doc.state}.` }, doc.status || 0);
		if (signal?.aborted)
			await request('DELETE', path);
		await pause(500);
	}
}

/*
 * Asks for a verb; gives its document.  quiet: not one for "Show as command".  job: does not wait
 * for it in one request, and tells onprogress how it goes on; signal: cancels it.
 */
export async function ask(verb, params = {}, { quiet, job, onprogress, signal, headers } = {}) {
	const { method, path } = route(verb, params);

	if (!quiet)
		calls.push({ verb, params });
	const { doc, answer } = await request(method, path, method === 'GET' ? undefined : params,
		{ ...headers, ...(job ? { Prefer: 'respond-async' } : {}) });

	if (!quiet && method !== 'GET' && !params['dry-run'] && verbs[verb].right !== 'read')
		dispatchEvent(new CustomEvent('changed', { detail: verb }));
	if (answer.status === 202)
		return follow(answer.headers.get('location'), onprogress, signal);
	return doc;
}

/* The same, but what is not there is null. */
export async function askIf(verb, params, options) {
	try {
		return await ask(verb, params, options);
	} catch (e) {
		if (e instanceof Problem && ['not-found', 'denied', 'host-only'].includes(e.code))
			return null;
		throw e;
	}
}

/* ---- sessions ---- */

/* Asked only where somebody was logged in: to be told "nobody" would be an error. */
export async function whoAmI() {
	if (!localStorage.getItem('in'))
		return false;
	try {
		Object.assign(session, (await request('GET', '/api/v1/session')).doc);
		return true;
	} catch (e) {
		if (e.code !== 'not-logged-in')
			throw e;
		return false;
	}
}

export async function logIn(user, password) {
	localStorage.setItem('in', '1');
	Object.assign(session, (await request('POST', '/api/v1/session', { user, password })).doc);
}

export async function logOut() {
	try {
		await request('DELETE', '/api/v1/session');
	} finally {
		localStorage.removeItem('in');
		Object.assign(session, { user: null, role: null, csrf: null });
	}
}

/* ---- events as they happen ---- */

/* Calls back with each event after this id; gives a function that ends it. */
export function live(after, onevent, onstate) {
	const source = new EventSource(`/api/v1/events/stream${after ? `?after=${after}` : ''}`);

	source.addEventListener('event', (m) => onevent(JSON.parse(m.data)));
	source.addEventListener('open', () => onstate?.('live'));
	source.addEventListener('error', () => onstate?.(source.readyState === EventSource.CLOSED ? 'ended' : 'waiting'));
	return () => source.close();
}
