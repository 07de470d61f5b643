/*
 * capf: what phones are to do with their certificates, and what became of it.
 */
import { h, grid, phoneLink, when, day, counted, download, say } from './dom.js';
import { ask } from './api.js';
import { button, open, form, act, confirmed } from './dialog.js';
import { table, finder } from './table.js';
import { capfFields, capfParams } from './phone.js';

/* ---- many at once ---- */

/* For the phones that a filter tells, or for those that were chosen in the list. */
async function schedule(names) {
	const whom = names ? [] : [
		{ name: 'all', label: 'All phones', type: 'checkbox' },
		{ name: 'model', label: 'Of this model', placeholder: '8861' },
		{ name: 'lsc-expires-before', label: 'Whose LSC expires before', placeholder: '2027-01-31, or 30d', help: 'A date (YYYY-MM-DD), or within so many days (30d)' }];
	const what = capfFields({ operation: 'install' }).filter((f) => f.name !== 'auth-string-file');
	const fields = [...whom, ...what.slice(0, 2), { name: 'generate', label: 'Generate String for each phone', type: 'checkbox' }, ...what.slice(2)];
	const doc = await form({ title: 'Schedule CAPF operations', verb: 'capf schedule', ok: 'Schedule', fields,
		intro: names ? `For ${counted(names.length, 'phone')}: ${names.slice(0, 6).join(', ')}${names.length > 6 ? ' …' : ''}` : 'For all phones that the first three fields tell.',
		params: (v) => ({ ...(names ? { name: names } : { ...(v.all ? { all: true } : {}), ...(v.model ? { model: v.model } : {}), ...(v['lsc-expires-before'] ? { 'lsc-expires-before': v['lsc-expires-before'] } : {}) }), ...capfParams(v) }),
		done: (d) => `Scheduled for ${counted(d.scheduled, 'phone')}.` });

	if (doc?.phones?.some((p) => p.auth_string))
		await sheet(doc.phones.filter((p) => p.auth_string));
	return doc;
}

/* To be printed, cut and carried to the desks. */
function sheet(phones) {
	const d = open('Authentication strings', [h('p', 'Each is good for one use, at its phone: Settings > Security Configuration > LSC > Update. Keep this sheet as you keep keys.'), button('Print', { onclick: () => print() }),
		grid('Authentication strings', ['Phone', 'Authentication String'], phones.map((p) => [p.name, h('span.mono.strings', p.auth_string)]))],
	null, 'wide');

	document.body.classList.add('sheet');
	d.closed.then(() => document.body.classList.remove('sheet'));
	return d.closed;
}

async function strings(list) {
	const waiting = list.filter((o) => o.has_string);
	const got = [];

	for (const o of waiting) {
		const doc = await ask('capf string', { name: o.name }, { quiet: true }).catch(() => null);

		if (doc)
			got.push(doc);
	}
	return got.length > 0 ? sheet(got) : say('No phone has an authentication string that waits.');
}

/* ---- the screen ---- */

const operations = [
	{ key: 'name', label: 'Device Name', show: phoneLink, width: 160 },
	'model|Model|80',
	{ key: 'operation', label: 'Certificate Operation', value: (o) => ({ none: 'No Pending Operation', install: 'Install/Upgrade', delete: 'Delete', troubleshoot: 'Troubleshoot' }[o.operation] || o.operation), width: 180 },
	{ key: 'auth', label: 'Authentication Mode', value: (o) => ({ null: 'By Null String', string: 'By Authentication String', lsc: 'By Existing Certificate (LSC)', mic: 'By Existing Certificate (MIC)' }[o.auth] || o.auth), width: 210 },
	{ key: 'string', label: 'String waits', value: (o) => o.has_string ? 'yes' : '' },
	'key|Key',
	{ key: 'by', label: 'Operation Completes By', value: (o) => o.operation === 'none' ? '' : o.completes_by, show: (o) => o.operation === 'none' ? '' : when(o.completes_by), width: 185 },
	{ key: 'status', label: 'Certificate Operation Status', value: (o) => o.status_text, show: (o) => h(`span${/fail|expired|locked|invalid/i.test(o.status) ? '.bad' : ''}`, o.status_text), width: 220 },
	{ key: 'at', label: 'Since', value: (o) => o.status_at, show: (o) => when(o.status_at, '–'), width: 165 },
	{ key: 'lsc', label: 'LSC Expires', value: (o) => o.lsc_expires, show: (o) => day(o.lsc_expires) },
];

const issued = [
	{ key: 'name', label: 'Device Name', show: phoneLink, width: 160 },
	'state|State|90',
	'subject|Subject|300',
	'issuer|Issued By|300',
	'serial|Serial Number|280|mono',
	{ key: 'until', label: 'Expiration', value: (l) => l.not_after, show: (l) => day(l.not_after) },
	{ key: 'stale', label: 'By an earlier CAPF', value: (l) => l.stale ? 'yes' : 'no', width: 150 },
];

async function key(name) {
	const doc = await act('capf csr export', { name }, 'Exported.');

	if (doc)
		download(`${name}.pem`, doc.content);
}

/* Offline CA: their LSCs an issuer elsewhere has to sign. */
const offline = (requests, route) => [h('h2', 'Offline CA'), grid('Keys to be signed elsewhere', ['Device Name', 'Key'], requests.map((r) => [phoneLink(r), button('Download', { kind: 'small', onclick: () => key(r.name) })])),
	button('Import what the issuer made', { verb: 'capf csr import', route, onclick: () => form({ title: 'Import certificates of phones', verb: 'capf csr import', ok: 'Import', fields: [{ name: 'file', label: 'Files', type: 'file', multiple: true, required: true }] }) })];

export default async function capf(route) {
	const [doc, lscs, csrs] = await Promise.all([ask('capf list'), ask('capf lsc list'), ask('capf csr list', {}, { quiet: true })]);
	const list = table({ caption: 'CAPF operations', columns: operations, route, select: true, key: (o) => o.name, files: 'capf', filter: (o) => find.passes(o), empty: 'No operation is like that.',
		onselect: (set) => { if (!cancel.hasAttribute('aria-disabled')) cancel.disabled = set.size === 0; } });
	const find = finder(route, { fields: { name: 'Device Name', model: 'Model', status_text: 'Status' }, get: (o, k) => o[k],
		more: { pending: { label: 'Operation', options: [{ value: '1', label: 'pending' }], is: (o) => o.operation !== 'none' } }, onchange: () => list.arrange() });
	const cancel = button('Cancel Selected', { verb: 'capf cancel', disabled: true, onclick: async () => {
		if (await confirmed('Cancel operations', `${counted(list.chosen.size, 'operation')} and the authentication strings with them.`, 'Cancel operations') && await act('capf cancel', { name: [...list.chosen] }, 'Cancelled.'))
			route.reload();
	} });
	const held = table({ caption: 'Locally significant certificates', columns: issued, route, sortKey: 'lsc', files: 'lsc', empty: 'None was issued.' });
	const again = async (names) => { if (await schedule(names)) route.reload(); };

	list.set(doc.phones);
	held.set(lscs.lscs);
	if (route.q.get('chosen')) {
		const names = JSON.parse(sessionStorage.getItem('chosen') || '[]');

		route.set({ chosen: '' });
		setTimeout(() => names.length > 0 && again(names));
	}
	return [h('div.row', button('Schedule by filter', { verb: 'capf schedule', kind: 'primary', route, onclick: () => schedule() }), cancel,
		button('Sheet of authentication strings', { verb: 'capf string', onclick: () => strings(doc.phones) })), find.el, list.el,
	h('h2', 'Certificates issued'), held.el, csrs.requests.length > 0 ? offline(csrs.requests, route) : null];
}
