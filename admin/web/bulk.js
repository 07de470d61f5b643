/*
 * bulk: Bulk Certificate Management - export, consolidate, import through an SFTP server.
 */
import { h, replace, card } from './dom.js';
import { button, field, form, valuesOf } from './dialog.js';

const types = ['All', 'TFTP', 'Tomcat', 'CAPF', 'ITLRecovery'];

const fields = [
	{ name: 'host', label: 'IP Address', required: true, placeholder: '192.0.2.10', help: 'Leave empty for a folder of this cluster.' },
	{ name: 'port', label: 'Port', type: 'number', min: 1, max: 65535, value: '22' },
	{ name: 'user', label: 'User ID' },
	{ name: 'password', label: 'Password', type: 'password', autocomplete: 'off' },
	{ name: 'dir', label: 'Directory', required: true, placeholder: '/bulk', value: 'bulk' },
];

/* Kept in this browser, but for the password. */
function saved() {
	try {
		return JSON.parse(localStorage.getItem('sftp') || '{}');
	} catch {
		return {};
	}
}

const where = (v) => v.host ? `sftp://${v.user ? `${encodeURIComponent(v.user)}@` : ''}${v.host}${v.port && v.port !== '22' ? `:${v.port}` : ''}/${v.dir.replace(/^\//, '')}` : v.dir;

export default async function bulk() {
	const old = saved(), own = fields.map((f) => ({ ...f, required: f.name === 'dir', value: old[f.name] ?? f.value })), nodes = own.map(field), shown = h('p.dim');
	const hosts = h('input', { type: 'file', id: 'known-hosts' });
	const now = () => valuesOf(own, nodes);
	const secret = async () => {
		const v = await now();

		return v.password ? { 'password-file': { name: 'password', content: `${v.password}\n` } } : {};
	};
	const known = async () => hosts.files[0] ? { 'known-hosts': { name: 'known_hosts', content: await hosts.files[0].text() } } : {};
	const type = { name: 'type', label: 'Certificate Type', type: 'select', options: types };
	const look = async () => replace(shown, 'Certificates go through ', h('code', where(await now())), '.');

	async function go(verb, title, key, extra, ok) {
		const v = await now(), more = { ...await secret(), ...await known() };

		await form({ title, verb, ok, kind: 'primary', intro: `${title} through ${where(v)}`, fields: extra, job: true, params: (f) => ({ [key]: where(v), ...f, ...more }), done: () => `${ok}: done.` });
	}

	nodes.forEach((n) => n.addEventListener('input', look));
	look();
	return [card('Central SFTP Server', nodes, h('div.field', h('label', { for: 'known-hosts' }, 'known_hosts of the server'), hosts, h('p.help', 'Without it, those of the user that serves the cluster.')), shown,
		h('div.row', button('Save', { onclick: async () => { const { password, ...rest } = await now(); localStorage.setItem('sftp', JSON.stringify(rest)); replace(shown, 'Saved in this browser, but for the password.'); } }))),
	card('Bulk Certificate',
		h('ol', h('li', 'Export on each cluster, to the same directory.'), h('li', 'Consolidate once, when all have exported.'), h('li', 'Import on each cluster, and restart TVS, before phones are moved.')),
		h('div.row', button('Export', { verb: 'bulk export', kind: 'primary', onclick: () => go('bulk export', 'Bulk Certificate Export', 'to', [type], 'Export') }),
			button('Consolidate', { verb: 'bulk consolidate', onclick: () => go('bulk consolidate', 'Bulk Certificate Consolidate', 'where', [], 'Consolidate') }),
			button('Import', { verb: 'bulk import', onclick: () => go('bulk import', 'Bulk Certificate Import', 'where', [type, { name: 'restart', type: 'checkbox', label: 'Restart the services that must be (TVS hears of it only then)' }], 'Import') })))];
}
