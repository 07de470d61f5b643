/*
 * phones: Find and List Phones, with what each of them trusts.
 */
import { h, phoneLink, when, day, days, counted } from './dom.js';
import { ask } from './api.js';
import { button, form, act, confirmed } from './dialog.js';
import { table, finder } from './table.js';
import { statuses } from './chart.js';

export const badge = (status) => h(`span.badge.${{ Match: 'go', Mismatch: 'no', Unknown: 'mid' }[status] || 'dim'}`, status);

/* What its configuration tells it: older families were made for SCCP, unless told to load SIP. */
const protocol = (p) => !p.model ? '' : p.load ? (/^(sip|P0S)/i.test(p.load) ? 'SIP' : 'SCCP') : /^(79|69|894)/.test(p.model) ? 'SCCP' : 'SIP';

const columns = [
	{ key: 'name', label: 'Device Name', show: phoneLink, width: 160 },
	'description|Description|160',
	'model|Model|80',
	{ key: 'protocol', label: 'Protocol', value: protocol, width: 85 },
	'peer|IP',
	{ key: 'seen', label: 'Last seen', value: (p) => p.last_seen, show: (p) => when(p.last_seen), width: 165 },
	{ key: 'itl', label: 'ITL File Status', value: (p) => p.itl_status, show: (p) => badge(p.itl_status) },
	{ key: 'ctl', label: 'CTL File Status', value: (p) => p.ctl_status, show: (p) => badge(p.ctl_status || 'Unknown') },
	{ key: 'lsc', label: 'LSC Expires', value: (p) => p.lsc_expires, show: (p) => day(p.lsc_expires), width: 105 },
	{ key: 'mic', label: 'MIC Expires', value: (p) => p.mic_expires, show: (p) => day(p.mic_expires), width: 105 },
	{ key: 'capf', label: 'CAPF', value: (p) => p.order ? p.order.status === 'pending' ? `${p.order.operation}, pending` : p.order.status_text : '' },
	{ key: 'verdict', label: 'Last verdict', value: (p) => p.last ? `${p.last.verdict}: ${p.last.service} ${p.last.what}` : '', width: 320 },
];

export const add = () => form({
	title: 'Add a New Phone', verb: 'phone add', ok: 'Save',
	fields: [{ name: 'name', label: 'Device Name', required: true, pattern: '[A-Z]{3}[0-9A-Z]{1,15}', placeholder: 'SEP001122334455', help: 'SEP and twelve hex digits, in capitals' },
		{ name: 'model', label: 'Model', required: true, placeholder: '8861' }, { name: 'description', label: 'Description' },
		{ name: 'security', label: 'Device Security Mode', type: 'select', options: ['non-secure', 'authenticated', 'encrypted'] },
		{ name: 'encrypted-config', label: 'TFTP Encrypted Config', type: 'checkbox' }, { name: 'load', label: 'Phone Load Name' }],
	done: (d) => `${d.name} is added.`,
});

/* Does it with each; it ends with the first that fails. */
async function each(names, verb, said, route) {
	for (const [i, name] of names.entries())
		if (!await act(verb, { name }, `${i + 1} of ${names.length}: ${name} ${said}`))
			break;
	route.reload();
}

export default async function phones(route) {
	const [doc, orders] = await Promise.all([ask('phone list'), ask('capf list')]);
	const order = new Map(orders.phones.map((o) => [o.name, o]));
	const all = doc.phones.map((p) => ({ ...p, order: order.get(p.name) }));
	const chosen = () => [...list.chosen];
	const some = [button('Reset Selected', { verb: 'phone reset', disabled: true, onclick: () => each(chosen(), 'phone reset', 'is asked to boot again.', route) }),
		button('CAPF for Selected', { verb: 'capf schedule', disabled: true, onclick: () => { sessionStorage.setItem('chosen', JSON.stringify(chosen())); location.hash = '#/capf?chosen=1'; } }),
		button('Delete Selected', { verb: 'phone delete', kind: 'danger', disabled: true, onclick: async () => {
			if (await confirmed('Delete phones', `${counted(chosen().length, 'phone')} would no longer be served a configuration of their own.`, 'Delete'))
				each(chosen(), 'phone delete', 'is deleted.', route);
		} })];
	const list = table({ caption: 'Phones', columns, route, select: true, key: (p) => p.name, files: 'phones', filter: (p) => find.passes(p), empty: 'No phone is like that.',
		onselect: (set) => some.forEach((b) => { if (!b.hasAttribute('aria-disabled')) b.disabled = set.size === 0; }) });
	const within = (text, d) => text && days(text) < Number(d);
	const find = finder(route, {
		fields: { name: 'Device Name', description: 'Description', model: 'Model', peer: 'IP', itl_why: 'Why', security: 'Security Profile' }, get: (p, k) => p[k],
		more: { itl: { label: 'ITL File Status', options: statuses, is: (p, v) => p.itl_status === v }, ctl: { label: 'CTL File Status', options: statuses, is: (p, v) => p.ctl_status === v },
			lsc: { label: 'LSC', options: [{ value: '0', label: 'expired' }, ...['30', '90'].map((d) => ({ value: d, label: `expires in ${d} days` })), { value: 'none', label: 'none' }], is: (p, v) => v === 'none' ? !p.lsc_expires : within(p.lsc_expires, v) } },
		onchange: () => list.arrange(),
	});

	list.set(all);
	/* Later, for they are many; the newest of each counts. */
	ask('events tail', { count: 3000 }, { quiet: true }).then(({ events }) => {
		const of = new Map(events.map((e) => [e.device, e]));

		all.forEach((p) => { p.last = of.get(p.name); });
		list.arrange();
	}, () => {});
	return [h('div.row', button('Add New', { verb: 'phone add', kind: 'primary', onclick: async () => { if (await add()) route.reload(); } }), some,
		button('Reset all', { verb: 'phone reset', onclick: async () => {
			if (await confirmed('Reset all phones', `All ${all.length} phones are asked to boot again.`, 'Reset all', 'primary') && await act('phone reset', { all: true }, (d) => `${d.reset} phones are asked to boot again.`))
				route.reload();
		} })), find.el, list.el];
}
