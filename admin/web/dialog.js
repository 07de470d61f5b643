/*
 * dialog: everything that asks or tells in front of the page - forms, what went wrong, and the
 * question before phones are locked.
 */
import { h, replace, fresh, say, base64, counted, grid, region, card, later } from './dom.js';
import { ask, may, session, Problem } from './api.js';
import { verbs } from './verbs.js';
import { commandOf } from './command.js';

/* ---- buttons ---- */

export const lacks = (right) => `This needs the right to ${right === 'admin' ? 'administer' : right}; ${session.user} has the role ${session.role}.`;

/* One that the role of the user forbids is dead, says why, and can still be reached by keyboard.
 * route: opens the screen anew when what onclick did came to something. */
export function button(label, { verb, onclick, kind = '', disabled, title, attrs, route } = {}) {
	const denied = verb && !may(verb);
	const why = denied ? lacks(verbs[verb].right) : title;

	return h(`button${kind ? `.${kind}` : ''}`, { type: 'button', title: why, disabled: !denied && disabled,
		'aria-disabled': denied ? 'true' : null, onclick: denied ? null : !route ? onclick : async () => await onclick() && route.reload(), ...attrs }, label);
}

/* ---- the frame ---- */

/* Opens at once; gives { node, close, closed }. Beside its actions is Cancel; without any, Close. */
export function open(title, body, actions, kind = '') {
	const id = fresh('dialog');
	const node = h(`dialog${kind ? `.${kind}` : ''}`, { 'aria-labelledby': id },
		h('h2', { id }, title), h('div.body', body),
		h('div.actions', button(actions ? 'Cancel' : 'Close', { kind: actions ? '' : 'primary', onclick: () => node.close() }), actions));
	const closed = new Promise((go) => node.addEventListener('close', () => {
		node.remove();
		go(node.returnValue);
	}));

	document.body.append(node);
	node.showModal();
	return { node, close: (value) => node.close(value), closed };
}

/* What, why and what next, as a part of a page. */
export function problemBox(e) {
	if (!(e instanceof Problem))
		console.error(e);
	return h('div.problem', { role: 'alert' }, h('p', h('strong', e.message)),
		e.hint ? h('p', 'Hint: ', e.hint) : null,
		e.retryAfter ? h('p', `Try again in ${e.retryAfter} seconds.`) : null,
		e.code ? h('p.dim', `Code: ${e.code}${e.status ? `, HTTP ${e.status}` : ''}`) : null);
}

export function failed(e, title = 'That did not work') {
	if (e.code === 'not-logged-in')
		return;
	open(title, problemBox(e));
}

/* ---- what would become of the phones ---- */

const fates = {
	same: 'hold the newest lists', follow: 'follow: the signer is in their list', 'ask-tvs': 'follow after asking TVS',
	locked: 'locked: refuse the list or their configuration', unknown: 'unknown: nobody knows what they hold',
};

/* Of a document with "phones": [{fate, before, after}], from a dry run or a refusal. */
export function impact(doc) {
	const rows = doc?.phones?.[0]?.fate ? doc.phones : null;
	const restart = doc?.restart_needed || doc?.restart || [];

	return h('div.impact', {},
		rows ? grid('Phones, when they boot next', ['Phones, when they boot next', '#Now', '#Then'], rows.map((r) => h(`tr${r.fate === 'locked' && r.after > 0 ? '.bad' : ''}`, {},
				h('th', { scope: 'row' }, fates[r.fate] || r.fate), h('td.n', r.before), h('td.n', r.after)))) : null,
		doc?.locked_first ? h('p.bad', `The first of them: ${doc.locked_first} (${doc.locked_reason}).`) : null,
		doc?.warning ? h('p.bad', doc.warning) : null,
		(doc?.warnings || []).map((w) => h('p.bad', String(w.warning ?? w))),
		restart.length > 0 ? h('p', 'Services to restart before it is felt, in this order: ', h('strong', restart.join(', '))) : null,
		doc?.ctl_built ? h('p', 'A new CTL would be built.') : null,
		doc?.lists_built ? h('p', `${counted(doc.lists_built, 'new ITL')} would be built.`) : null,
		doc?.phones_refusing?.length ? h('p.bad', `${counted(doc.phones_refusing.length, 'phone')} would refuse every signed file: ${doc.phones_refusing.slice(0, 8).join(', ')}${doc.phones_refusing.length > 8 ? ' …' : ''}`) : null,
		!rows && restart.length === 0 && !doc?.warning ? h('p', 'Nothing that phones would notice.') : null);
}

/* Phones would be locked: shows which, and wants that in so many words.  True: go on. */
async function insist(e) {
	const id = fresh('sure');
	const go = button('Go on, and lock them', { kind: 'danger', disabled: true, onclick: () => d.close('go') });
	const sure = h('input', { type: 'checkbox', id, onchange: () => { go.disabled = !sure.checked; } });
	const d = open('Phones would be locked', [h('p', h('strong', e.message)), e.hint ? h('p', e.hint) : null,
		impact(e.result), h('p', sure, ' ', h('label', { for: id }, 'I have read this, and want it all the same.'))],
	[go], 'danger');

	return await d.closed === 'go';
}

/* Asks for a change; when phones would be locked, asks the user first.  undefined: called off. */
export async function change(verb, params, options) {
	try {
		return await ask(verb, params, options);
	} catch (e) {
		if (e.code !== 'strands-phones' || !(await insist(e)))
			throw e.code === 'strands-phones' ? new Problem({ code: 'called-off', detail: 'Called off.' }, 0) : e;
		return ask(verb, { ...params, yes: true }, options);
	}
}

/* A change that a button does without a form; done: what is said then.  Gives its document. */
export async function act(verb, params, done, options) {
	try {
		const doc = await change(verb, params, options);

		say(typeof done === 'function' ? done(doc) : done);
		return doc;
	} catch (e) {
		if (e.code !== 'called-off')
			failed(e);
		return undefined;
	}
}

export async function confirmed(title, text, label, kind = 'danger') {
	const d = open(title, h('p', text), [button(label, { kind, onclick: () => d.close('go') })]);

	return await d.closed === 'go';
}

/* Asks, and then does it; undefined when it was not wanted. */
export const actIf = async (title, text, label, verb, params, done) => await confirmed(title, text, label) ? act(verb, params, done) : undefined;

/* ---- forms ---- */

export const restartField = { name: 'restart', type: 'checkbox', label: 'Restart the services that must be, in order' };

export async function fileOf(file) {
	return { name: file.name, base64: base64(await file.arrayBuffer()) };
}

function control(f, id) {
	const own = { id, name: f.name, required: f.required, 'aria-describedby': f.help ? `${id}-help` : null };

	if (f.type === 'select')
		return h('select', { ...own, value: f.value }, f.options.map((o) => h('option', { value: o.value ?? o }, o.label ?? o)));
	if (f.type === 'textarea')
		return h('textarea', { ...own, rows: f.rows || 4, value: f.value ?? '' });
	if (f.type === 'checkbox')
		return h('input', { ...own, type: 'checkbox', checked: f.value });
	return h('input', { ...own, type: f.type || 'text', value: f.type === 'file' ? null : f.value ?? '', min: f.min, max: f.max,
		pattern: f.pattern, placeholder: f.placeholder, multiple: f.multiple, accept: f.accept, autocomplete: f.autocomplete || 'off',
		minlength: f.minlength, readonly: f.readonly, spellcheck: 'false' });
}

/* A label, its control and its help; node.control is the control. */
export function field(f) {
	const id = fresh('field');
	const c = control(f, id);
	const label = h('label', { for: id }, f.label, f.required ? h('span.star', { 'aria-hidden': true }, '*') : null);
	const node = h(`div.field${f.type === 'checkbox' ? '.check' : ''}`, f.type === 'checkbox' ? [c, label] : [label, c],
		f.help ? h('p.help', { id: `${id}-help` }, f.help) : null);

	node.control = c;
	return node;
}

/* What stands in the fields: files as objects, secrets as the content of one. */
export async function valuesOf(fields, nodes) {
	const values = {};

	for (const [i, f] of fields.entries()) {
		const c = nodes[i].control;

		if (f.type === 'checkbox')
			values[f.name] = c.checked;
		else if (f.type === 'file')
			values[f.name] = f.multiple ? await Promise.all([...c.files].map(fileOf)) : c.files[0] && await fileOf(c.files[0]);
		else if (c.value !== '')
			values[f.name] = f.secret ? { content: `${c.value}\n` } : c.value;
	}
	return values;
}

/*
 * A form whose fields are parameters of a verb.
 *   fields  [{ name, label, type, value, options, help, required, secret }]
 *   params  (values) => what is sent, when it is not just the values
 *   preview asks for a dry run first: the button is dead until it has answered for what stands there
 *   ok      the button; done(doc) => what is said; job: long, with progress
 * Gives the verb's document, or undefined.
 */
export async function form({ title, intro, verb, fields = [], params = (v) => v, preview, ok, kind = 'primary', done, job }) {
	const nodes = fields.map(field);
	const place = later();
	const submit = h(`button.${kind}`, { type: 'submit', disabled: preview }, ok);
	const go = new AbortController();
	let latest = 0, result;

	const now = async () => params(await valuesOf(fields, nodes));
	const details = commandOf(verb, now);

	async function look() {
		const turn = ++latest;

		submit.disabled = true;
		replace(place, h('p.dim', 'Looking what would become of the phones …'));
		try {
			const doc = await ask(verb, { ...await now(), 'dry-run': true }, { quiet: true });

			if (turn !== latest)
				return;
			replace(place, h('h3', 'What it would do'), impact(doc));
			submit.disabled = false;
		} catch (e) {
			if (turn !== latest)
				return;
			replace(place, problemBox(e), e.result ? impact(e.result) : null);
			submit.disabled = e.code !== 'strands-phones';
		}
	}

	async function send(event) {
		event.preventDefault();
		submit.disabled = true;
		replace(place, h('p.dim', 'Working …'));
		try {
			result = await change(verb, await now(), job ? { job: true, signal: go.signal,
				onprogress: (j) => replace(place, progressBox(j)) } : {});
			d.close();
			say(done ? done(result) : 'Done.');
		} catch (e) {
			replace(place, e.code === 'called-off' ? h('p', e.message) : problemBox(e));
			submit.disabled = false;
		}
	}

	const id = fresh('form');
	const body = h('form', { id, onsubmit: send, oninput: () => { preview && fields.length > 0 && look(); details.refresh(); } },
		intro ? h('div.intro', intro) : null, nodes, place);

	submit.setAttribute('form', id);
	const d = open(title, [body, details], [submit]);

	if (preview)
		look();
	await d.closed;
	go.abort();
	return result;
}

export const progressBox = (job) => h('div', h('progress', { 'aria-label': 'running' }),
	h('pre.progress', region('progress'), (job.progress || []).slice(-12).join('\n') || `${job.state} …`));

/* A card with fields, a button, and what came of it below. */
export function tool({ title, intro, verb, fields, params = (v) => v, ok, show, job }) {
	const nodes = fields.map(field), place = later();
	const now = async () => params(await valuesOf(fields, nodes));
	const go = button(ok, { verb, kind: 'primary', attrs: { type: 'submit' } });
	const details = commandOf(verb, now);

	return card(title, intro ? h('p.dim', intro) : null, h('form', { onsubmit: async (e) => {
		e.preventDefault();
		if (!may(verb))
			return;
		go.disabled = true;
		replace(place, h('p.dim', 'Working …'));
		try {
			replace(place, show(await ask(verb, await now(), job ? { job: true, onprogress: (j) => replace(place, progressBox(j)) } : {})));
		} catch (x) {
			replace(place, problemBox(x), x.result?.files ? show(x.result) : null);
		}
		go.disabled = false;
	} }, nodes, go), details, place);
}
