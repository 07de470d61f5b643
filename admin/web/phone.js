/*
 * phone: one phone - what it trusts and why not, its CAPF order as CUCM lays it out, its events.
 */
import { h, replace, when, day, facts, download, say, card } from './dom.js';
import { ask, askIf, live, may } from './api.js';
import { button, form, act, confirmed, field, valuesOf, problemBox } from './dialog.js';
import { commandOf } from './command.js';
import { bad } from './events.js';
import { badge } from './phones.js';

/* ---- words of Phone Configuration ---- */

export const operations = [{ value: 'none', label: 'No Pending Operation' }, { value: 'install', label: 'Install/Upgrade' }, { value: 'delete', label: 'Delete' }, { value: 'troubleshoot', label: 'Troubleshoot' }];
const modes = [{ value: 'null', label: 'By Null String' }, { value: 'string', label: 'By Authentication String' }, { value: 'lsc', label: 'By Existing Certificate (Precedence to LSC)' }, { value: 'mic', label: 'By Existing Certificate (Precedence to MIC)' }];
export const orders = ['RSA Only', 'EC Only', 'EC Preferred, RSA Backup'];
const rsa = ['512', '1024', '2048', '3072', '4096'];
const ec = ['256', '384', '521'];

/* "ec:384,rsa:2048" <-> order and sizes */
const keyOf = (v) => v.order === 'RSA Only' ? `rsa:${v.rsa}` : v.order === 'EC Only' ? `ec:${v.ec}` : `ec:${v.ec},rsa:${v.rsa}`;
const orderOf = (key = 'rsa:2048') => key.startsWith('rsa') ? orders[0] : key.includes(',') ? orders[2] : orders[1];

/* 2026-12-04T03:27:22Z -> 2026:12:04:04, local time */
export const hour = (text) => {
	const t = new Date(text), two = (n) => String(n).padStart(2, '0');

	return text ? `${t.getFullYear()}:${two(t.getMonth() + 1)}:${two(t.getDate())}:${two(t.getHours())}` : '';
};

export const capfFields = (o = {}) => [
	{ name: 'operation', label: 'Certificate Operation', type: 'select', options: operations, value: o.operation || 'none' },
	{ name: 'auth', label: 'Authentication Mode', type: 'select', options: modes, value: o.auth || 'null' },
	{ name: 'auth-string-file', label: 'Authentication String', secret: true, pattern: '[0-9]{4,10}', help: '4 to 10 digits, for one use; typed at the phone' },
	{ name: 'order', label: 'Key Order', type: 'select', options: orders, value: orderOf(o.key) },
	{ name: 'rsa', label: 'RSA Key Size (Bits)', type: 'select', options: rsa, value: String(o.rsa_bits || 2048) },
	{ name: 'ec', label: 'EC Key Size (Bits)', type: 'select', options: ec, value: String(o.ec_bits || 384) },
	{ name: 'completes-by', label: 'Operation Completes By (YYYY:MM:DD:HH)', value: o.operation && o.operation !== 'none' ? hour(o.completes_by) : '', pattern: '[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}', help: 'Without it, as CAPF Operation Expires in (days) says' },
];

export const capfParams = (v) => v.operation === 'none' ? { operation: 'none' }
	: { operation: v.operation, auth: v.auth, ...(v['auth-string-file'] ? { 'auth-string-file': v['auth-string-file'] } : {}), ...(v.generate ? { 'generate-string': true } : {}),
		...(v.operation === 'install' ? { key: keyOf(v) } : {}), ...(v['completes-by'] ? { 'completes-by': v['completes-by'] } : {}) };

/* CUCM's box; nothing is sent before Save. */
function capf(name, o, route) {
	const fields = capfFields(o || {}), nodes = fields.map(field), place = h('div');
	const [, auth, string] = nodes.map((n) => n.control);
	const now = async () => ({ name: [name], ...capfParams(await valuesOf(fields, nodes)) });
	const save = button('Save', { verb: 'capf schedule', kind: 'primary', attrs: { type: 'submit' } });
	const details = commandOf('capf schedule', now);

	nodes[2].append(button('Generate String', { verb: 'capf schedule', kind: 'small', onclick: () => {
		const digits = crypto.getRandomValues(new Uint32Array(10)).map((n) => n % 10).join('');

		auth.value = 'string';
		string.value = digits;
		say('A string is made. It counts when it is saved.');
	} }), button('Show the one that waits', { verb: 'capf string', kind: 'small', disabled: !o?.has_string, onclick: async () => {
		const doc = await act('capf string', { name }, 'Shown.');

		if (doc)
			string.value = doc.auth_string;
	} }));
	return card('Certification Authority Proxy Function (CAPF) Information',
		h('form', { onsubmit: async (e) => {
			e.preventDefault();
			if (!may('capf schedule'))
				return;
			try {
				const doc = await ask('capf schedule', await now());

				say([doc.operation === 'none' ? 'No pending operation any more.' : 'Saved. Reset the phone to have it come.', ...(doc.warnings || []).map((w) => w.warning || w)].join(' '));
				route.reload();
			} catch (x) {
				replace(place, problemBox(x));
			}
		} }, nodes, facts([['Certificate Operation Status', o?.status_text || 'None'], ['Since', o?.status_at && when(o.status_at)], ['Wrong strings', o?.wrong_strings || null], ['Locked until', o?.locked && when(o.locked_until)]]), place, h('div.row', save)), details);
}

/* ---- why not trusted ---- */

/* TechNote 116232 and the phones' administration guides, by family, as in rehearsals. */
const thumbs = [
	[/^79(21|25|26)/, 'Settings > System Configuration > Security > Trust List: **# unlocks, then Erase'],
	[/^79/, 'Settings > Security Configuration > Trust List > ITL File (CTL File): **# unlocks, then Erase'],
	[/^(78|88)/, 'Applications (or Settings) > Admin settings > Reset settings > Security settings'],
	[/^(89|99)/, 'Applications > Administrator Settings > Reset Settings > Security Settings'],
	[/^(69|39)/, 'Applications > Admin Settings > Reset Settings > Security'],
];

const erase = (model) => thumbs.find(([family]) => family.test(model))?.[1] ||
	'Reset the security settings as its administration guide says, or to factory defaults';

function trust(p, events) {
	const wrong = [[p.itl_status, p.itl_why, 'ITL'], [p.ctl_status, p.ctl_why, 'CTL']];
	const last = events.filter((e) => bad(e.verdict)).at(-1);
	const locked = wrong.some(([s]) => s === 'Mismatch');

	return card(locked ? 'Why not trusted' : 'What it trusts',
		facts(wrong.map(([status, why, kind]) => [`${kind} File Status`, [badge(status), ' ', why]])),
		last ? h('p', 'Last refusal: ', when(last.at), `, ${last.service}, ${last.what}: `, h('strong.bad', last.verdict), ` ${last.subject}`, last.because ? `, because ${last.because}` : '') : null,
		locked ? h('div.note', h('p', h('strong', 'To repair: ')), h('ol', h('li', 'See whether its TVS can be reached and knows the signer: ', h('a', { href: '#/tools' }, 'Tools'), '.'),
			h('li', 'If many phones are so: ', h('a', { href: '#/lists/itl' }, 'utils itl reset localkey'), ', and reset them.'), h('li', `By hand, at this phone: ${erase(p.model)}`))) : null,
		h('details', h('summary', 'Erase its lists by hand'), h('p', erase(p.model))));
}

/* ---- what happened to it ---- */

function timeline(events) {
	return h('ol.tree', events.slice(-30).reverse().map((e) => h('li', when(e.at), ' ', h('strong', e.service), ` ${e.what} `, h(`span.badge.${bad(e.verdict) ? 'no' : 'go'}`, e.verdict), ` ${e.subject}`, e.because ? h('span.dim', `, ${e.because}`) : null)));
}

async function lsc(name, kind) {
	const doc = await act('capf lsc export', { name, ...(kind ? { shown: kind } : {}) }, 'Exported.');

	if (doc)
		download(`${name}-${kind || 'lsc'}.pem`, doc.content);
}

export default async function phone(route) {
	const name = route.path[1];
	const [p, o, doc] = await Promise.all([ask('phone show', { name }), askIf('capf show', { name }), ask('events tail', { device: name, count: 200 })]);
	let events = doc.events;
	const line = h('div', timeline(events));

	route.onleave(live(events.at(-1)?.id || 0, (e) => {
		if (e.device !== name)
			return;
		events = [...events, e];
		replace(line, timeline(events));
	}));
	return [h('p', h('a', { href: '#/phones' }, 'All phones')),
		h('div.row', button('Reset', { verb: 'phone reset', kind: 'primary', route, onclick: () => act('phone reset', { name }, `${name} is asked to boot again.`) }),
			button('Edit', { verb: 'phone set', route, onclick: () => form({ title: `Edit ${name}`, verb: 'phone set', ok: 'Save', fields: [{ name: 'description', label: 'Description', value: p.description },
				{ name: 'security', label: 'Device Security Mode', type: 'select', options: ['non-secure', 'authenticated', 'encrypted'], value: p.security }, { name: 'encrypted-config', label: 'TFTP Encrypted Config', type: 'select', options: ['off', 'on'], value: p.encrypted_config ? 'on' : 'off' },
				{ name: 'load', label: 'Phone Load Name', value: p.load }], params: (v) => ({ name, ...v }), done: () => 'Saved.' }) }),
			button('Delete', { verb: 'phone delete', kind: 'danger', onclick: async () => {
				if (await confirmed(`Delete ${name}`, 'It would no longer be served a configuration of its own.', 'Delete') && await act('phone delete', { name }, `${name} is deleted.`))
					location.hash = '#/phones';
			} })),
		h('div.split', h('div', trust(p, events), card('Phone', facts([['Device Name', p.name], ['Model', p.model], ['Description', p.description], ['Device Security Mode', p.security],
			['Security By Default', p.security_by_default ? 'yes' : 'no'], ['Can check SHA-512', p.sha512 ? 'yes' : 'no'], ['TFTP Encrypted Config', p.encrypted_config ? 'yes' : 'no'], ['Phone Load Name', p.load], ['Last seen', when(p.last_seen)], ['IP', p.peer], ['Added', p.added && when(p.added)], ['Resets', p.resets]])),
		card('Certificates of the phone', o?.lsc_subject ? [facts([['LSC', o.lsc_subject], ['Issued by', o.lsc_issuer], ['Serial number', h('code', o.lsc_serial)], ['Valid until', day(o.lsc_expires)], ['Up to date', o.lsc_stale ? h('span.bad', 'no: issued by an earlier CAPF certificate') : 'yes']]),
			button('Download LSC', { verb: 'capf lsc export', onclick: () => lsc(name) })] : h('p.dim', 'No LSC.'),
		(o?.shown || []).map((c) => [h('h3', `It showed: ${c.kind || 'certificate'}`), facts(Object.entries(c)), c.kind ? button(`Download ${c.kind}`, { onclick: () => lsc(name, c.kind) }) : null]))),
		capf(name, o, route)),
		card('Timeline', events.length > 0 ? line : h('p.dim', 'Nothing is known of it.')), h('p', h('a', { href: `#/events?find=${encodeURIComponent(name)}` }, 'As a table, with all that can be filtered'))];
}
