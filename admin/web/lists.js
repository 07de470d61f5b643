/*
 * lists: the ITL and the CTL - what stands in them, byte by byte, and what changed since when.
 */
import { h, replace, when, facts, region, common, download, bytesOfHex, base64, card, later } from './dom.js';
import { ask, askIf } from './api.js';
import { button, form, problemBox, restartField } from './dialog.js';
import { table } from './table.js';

/* ---- bytes ---- */

const two = (n) => n.toString(16).padStart(2, '0');

/* Offset, sixteen bytes, and what of them can be read. from, length: marked. */
export function hexPane(bytes, from = -1, length = 0) {
	const lines = [];

	for (let at = 0; at < bytes.length; at += 16) {
		const part = [...bytes.subarray(at, at + 16)];
		const marked = from < at + 16 && from + length > at && length > 0;
		const text = `${at.toString(16).padStart(6, '0')}  ${part.map(two).join(' ').padEnd(48)} ${part.map((b) => b > 31 && b < 127 ? String.fromCharCode(b) : '.').join('')}\n`;

		lines.push(marked ? h('mark', text) : text);
	}
	const pane = h('pre.hex', region('Bytes'), lines);

	setTimeout(() => { const m = pane.querySelector('mark'); if (m) pane.scrollTop = m.offsetTop - pane.offsetTop - 60; });
	return pane;
}

/* ---- one list ---- */

const record = (r) => h('li', h('details', h('summary', h('strong', `${r.number}. ${r.function}`), ' ', common(r.subject), r.blank ? h('span.badge.mid', 'blank') : null),
	facts([['Function', `${r.function} (${r.role})`], ['DNS name', r.dns], ['Subject', r.subject], ['Issuer', r.issuer], ['Serial number', h('code', r.serial)], ['SHA-1 of certificate', r.sha1 && h('code', r.sha1)]])));

async function bytes(kind, params, place) {
	try {
		const doc = await ask(`${kind} export`, params), raw = bytesOfHex(doc.content_hex || '');

		replace(place, h('div.row', button('Download', { onclick: () => download(`${kind.toUpperCase()}File.tlv`, raw) }),
			button('Explain every byte', { onclick: () => { sessionStorage.setItem('inspect', JSON.stringify({ name: `${kind.toUpperCase()}File.tlv`, base64: base64(raw) })); location.hash = '#/inspector?from=lists'; } })),
		hexPane(raw));
	} catch (e) {
		replace(place, problemBox(e));
	}
}

async function showList(kind, route, node) {
	const at = route.q.get('number') || '', params = { ...(node && kind === 'itl' ? { node } : {}), ...(at ? { number: at } : {}) };
	const list = await askIf(`${kind} show`, params);

	if (!list)
		return h('p.note', 'The cluster has no CTL: it is in non-secure mode.');
	const verdict = h('span.dim', 'checking …'), raw = h('div');

	ask(`${kind} verify`, params).then((v) => replace(verdict, v.verified ? h('span.good', 'verified') : h('span.bad', `not verified: ${v.error?.message || ''}`)),
		(e) => replace(verdict, h('span.bad', e.message)));
	bytes(kind, params, raw);
	return h('div.split', {},
		card(`${kind.toUpperCase()} number ${list.number}`, facts([['Node', kind === 'itl' ? list.node : 'the cluster'], ['Signer', list.signer], ['Serial number of signer', h('code', list.signer_serial)],
			['Signature', verdict], ['Hash', list.digest], ['Signer version', list.signer_version], ['Built', when(list.built)], ['Because', list.why], ['Length', `${list.length} bytes`],
			['MD5', list.md5 && h('code', list.md5)], ['SHA-1', list.sha1 && h('code', list.sha1)], ['Up to date', list.update_due === undefined ? null : list.update_due ? h('span.bad', `no: ${list.update_why}`) : 'yes']]),
		h('h3', `${list.records.length} records`), h('ul.tree', list.records.map(record))),
		card('Bytes', raw));
}

/* ---- what differs ---- */

const mark = (text) => h('pre.hex', region('Differences'), text.split('\n').map((l) =>
	h(`span${l[0] === '+' ? '.diff-add' : l[0] === '-' ? '.diff-del' : ''}`, `${l}\n`)));

async function diff(kind, route, lists, node) {
	const place = later();
	const pick = (key, label, value) => h('label', `${label} `, h('select', { value: route.q.get(key) || value, onchange: (e) => { route.set({ [key]: e.target.value }); go(); } },
		lists.map((l) => h('option', { value: String(l.number) }, `${l.number}${l.served ? ', served' : ''}`))));
	const served = lists.find((l) => l.served) || lists.at(-1);
	const newest = Math.max(...lists.map((l) => l.number));
	const value = (key, other) => route.q.get(key) || String(other);

	async function go() {
		try {
			const d = await ask(`${kind} diff`, { from: value('from', served.number), to: value('to', newest), ...(node && kind === 'itl' ? { node } : {}) });

			replace(place, d.same ? h('p', `Numbers ${d.from} and ${d.to}: no difference.`) : mark(d.differences));
		} catch (e) {
			replace(place, problemBox(e));
		}
	}
	go();
	return card('Compare', h('div.row', pick('from', 'From number', String(served.number)), pick('to', 'to number', String(newest))), place);
}

async function history(route) {
	const [itl, ctl] = await Promise.all([ask('itl history'), askIf('ctl history')]);
	const of = (kind, doc) => {
		const t = table({ caption: `${kind.toUpperCase()} history`, route, sortKey: `sort-${kind}`, sort: '-number', columns: [
			{ key: 'number', label: 'Number', n: true, show: (l) => h('a', { href: `#/lists/${kind}?number=${l.number}` }, l.number) },
			{ key: 'built', label: 'Built', show: (l) => when(l.built) },
			{ key: 'served', label: 'Served', value: (l) => l.served ? 'yes' : 'no' },
			'why|Because|500' ] });

		t.set(doc.lists);
		return h('section', h('h2', kind.toUpperCase()), t.el);
	};

	return [of('itl', itl), ctl ? of('ctl', ctl) : h('p.note', 'The cluster never had a CTL.')];
}

/* ---- the screen ---- */

const setMode = (mode) => form({ title: mode === 'mixed-mode' ? 'Set Cluster to Mixed Mode' : 'Set Cluster to Non Secure Mode', verb: 'ctl set-mode', ok: 'Set', kind: 'danger', preview: true,
	fields: [restartField], params: (v) => ({ which: mode, ...(v.restart ? { restart: true } : {}) }), done: (d) => `The cluster is in ${d.mode || mode}.` });
const update = () => form({ title: 'Update CTL File', verb: 'ctl update', ok: 'Update', kind: 'danger', preview: true, fields: [restartField], params: (v) => v.restart ? { restart: true } : {}, done: () => 'The CTL is updated.' });
const resetCtl = () => form({ title: 'Reset CTL File (localkey)', verb: 'ctl reset', ok: 'Reset', kind: 'danger', preview: true, intro: 'The CTL is signed with the key of the publisher\'s CallManager certificate, so that locked phones follow.',
	fields: [restartField], params: (v) => ({ which: 'localkey', ...(v.restart ? { restart: true } : {}) }), done: () => 'The CTL is reset.' });
const resetItl = () => form({ title: 'Reset ITL File (localkey)', verb: 'itl reset', ok: 'Reset', kind: 'danger', intro: 'The ITL is signed with another key of this cluster and served at once, so that locked phones follow again. Then: reset all phones, restart TFTP, reset them once more.',
	params: () => ({ which: 'localkey' }), done: () => 'The ITL is reset. Reset all phones now.' });

export default async function lists(route) {
	const tab = route.path[1] || 'itl';
	const tabs = h('ul.tabs', [['itl', 'ITL'], ['ctl', 'CTL'], ['history', 'History']].map(([k, label]) => h('li', h('a', { href: `#/lists/${k}`, 'aria-current': k === tab ? 'page' : null }, label))));

	if (tab === 'history')
		return [tabs, await history(route)];
	const [about, doc] = await Promise.all([ask('cluster show', {}, { quiet: true }), askIf(`${tab} history`, route.q.get('node') && tab === 'itl' ? { node: route.q.get('node') } : {}, { quiet: true })]);
	const node = route.q.get('node') || '', all = doc?.lists || [], mixed = about.security_mode === '1';
	const go = (key) => (e) => { route.set({ [key]: e.target.value }); route.reload(); };

	return [tabs, h('div.row', {},
		tab === 'itl' && about.nodes.length > 1 ? h('label', 'Node ', h('select', { value: node || about.nodes[0].name, onchange: go('node') }, about.nodes.map((n) => h('option', n.name)))) : null,
		all.length > 0 ? h('label', 'Number ', h('select', { value: route.q.get('number') || '', onchange: go('number') }, h('option', { value: '' }, 'as TFTP serves it'), all.map((l) => h('option', { value: String(l.number) }, `${l.number}, ${l.why}`)))) : null,
		tab === 'itl' ? button('utils itl reset localkey', { verb: 'itl reset', route, onclick: resetItl })
			: [mixed ? button('Set Cluster to Non Secure Mode', { verb: 'ctl set-mode', route, onclick: () => setMode('non-secure-mode') }) : button('Set Cluster to Mixed Mode', { verb: 'ctl set-mode', route, onclick: () => setMode('mixed-mode') }),
				button('Update CTL File', { verb: 'ctl update', disabled: !mixed, title: mixed ? null : 'The cluster is in non-secure mode.', route, onclick: update }),
				button('Reset CTL File', { verb: 'ctl reset', disabled: !mixed, title: mixed ? null : 'The cluster is in non-secure mode.', route, onclick: resetCtl })]),
	await showList(tab, route, node), all.length > 0 ? await diff(tab, route, all, node) : null];
}
