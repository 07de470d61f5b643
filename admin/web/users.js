/*
 * users: who may do what here, with which tokens, and what they did.
 */
import { h, replace, when, say } from './dom.js';
import { ask, request, session } from './api.js';
import { button, form, open, actIf, field, problemBox } from './dialog.js';
import { line } from './command.js';
import { table } from './table.js';

const roles = ['read', 'operate', 'admin'];
const rules = 'At least 8 characters';

/* One's own password, whatever one's role. */
export function ownPassword() {
	const old = field({ name: 'old', label: 'Password of now', type: 'password', required: true, autocomplete: 'current-password' });
	const fresh = field({ name: 'new', label: 'New password', type: 'password', required: true, minlength: 8, autocomplete: 'new-password', help: rules });
	const again = field({ name: 'again', label: 'New password, again', type: 'password', required: true, autocomplete: 'new-password' });
	const place = h('div'), id = 'own-password';
	const d = open('Password', h('form', { id, onsubmit: async (e) => {
		e.preventDefault();
		if (fresh.control.value !== again.control.value)
			return replace(place, h('p.bad', { role: 'alert' }, 'The two are not the same.'));
		try {
			const { doc } = await request('POST', '/api/v1/session/password', { old: old.control.value, new: fresh.control.value });

			if (doc?.csrf)
				Object.assign(session, doc);
			d.close();
			say('The password is changed. Your other sessions are over.');
		} catch (x) {
			replace(place, problemBox(x));
		}
	} }, h('p', `Of ${session.user}. Other sessions of this user end.`), old, fresh, again, place), [h('button.primary', { type: 'submit', form: id }, 'Change')]);
}

const addUser = () => form({ title: 'Add a user', verb: 'user add', ok: 'Add', fields: [{ name: 'name', label: 'User', required: true, pattern: '[a-z0-9._\\-]{1,32}', help: 'a-z, 0-9, dot, underscore, hyphen' },
	{ name: 'role', label: 'Role', type: 'select', options: roles }, { name: 'password-file', label: 'Password', type: 'password', required: true, minlength: 8, secret: true, help: rules, autocomplete: 'new-password' }], done: () => 'The user is added.' });

const setUser = (u) => form({ title: `Change ${u.name}`, verb: 'user set', ok: 'Save', intro: 'The sessions of the user end.', fields: [{ name: 'role', label: 'Role', type: 'select', options: roles, value: u.role },
	{ name: 'disabled', label: 'Disabled', type: 'select', options: ['no', 'yes'], value: u.disabled ? 'yes' : 'no' }, { name: 'password-file', label: 'New password', type: 'password', minlength: 8, secret: true, autocomplete: 'new-password', help: 'Empty: stays as it is' }],
params: (v) => ({ name: u.name, ...v }), done: () => 'Saved.' });

async function addToken(users) {
	const doc = await form({ title: 'New API token', verb: 'user token add', ok: 'Make', fields: [{ name: 'name', label: 'User', type: 'select', options: users.map((u) => u.name), value: session.user }, { name: 'label', label: 'What it is for', required: true },
		{ name: 'role', label: 'Role', type: 'select', options: roles, help: 'At most that of the user' }, { name: 'days', label: 'Days until it ends', type: 'number', min: 1, max: 3650, value: '90', required: true }], done: () => 'The token is made.' });

	if (doc?.token) {
		await open('API token', [h('p', h('strong', 'It is shown this once.')), line(doc.token, 'token')]).closed;
	}
	return doc;
}

export default async function users(route) {
	const [list, tokenList, trail] = await Promise.all([ask('user list'), ask('user token list'), ask('audit list', { count: 2000 })]);
	const all = list.users, tokens = tokenList.tokens, audit = trail.audit;
	const people = table({ caption: 'Users', route, sortKey: 'user', columns: ['name|User', 'role|Role', { key: 'disabled', label: 'Disabled', value: (u) => u.disabled ? 'yes' : 'no' },
		{ key: 'made', label: 'Made', show: (u) => when(u.made) }, { key: 'changed', label: 'Changed', show: (u) => when(u.changed, '–') },
		{ key: 'do', label: 'Actions', value: () => '', show: (u) => [button('Change', { verb: 'user set', kind: 'small', attrs: { 'aria-label': `Change ${u.name}` }, route, onclick: () => setUser(u) }), ' ',
			button('Delete', { verb: 'user delete', kind: 'small', attrs: { 'aria-label': `Delete ${u.name}` }, route, onclick: () => actIf(`Delete ${u.name}`, 'The user and all tokens of the user.', 'Delete', 'user delete', { name: u.name }, 'Deleted.') })] }] });
	const keys = table({ caption: 'API tokens', route, sortKey: 'token', empty: 'No token.', columns: ['id|Number||n', 'state|State', 'user|User', 'label|For', 'role|Role',
		{ key: 'made', label: 'Made', show: (t) => when(t.made) }, { key: 'expires', label: 'Ends', show: (t) => when(t.expires) }, { key: 'used', label: 'Last used', value: (t) => t.used, show: (t) => when(t.used) },
		{ key: 'do', label: 'Actions', value: () => '', show: (t) => t.state === 'revoked' ? '' : button('Revoke', { verb: 'user token delete', kind: 'small', attrs: { 'aria-label': `Revoke token ${t.id}` }, route, onclick: () => actIf('Revoke token', `${t.label} of ${t.user} is refused from now on.`, 'Revoke', 'user token delete', { id: String(t.id) }, 'Revoked.') }) }] });
	const did = table({ caption: 'Audit trail', route, sort: '-at', files: 'audit', empty: 'Nothing yet.', columns: [{ key: 'at', label: 'When', show: (a) => when(a.at) }, 'who|Who', 'from|From',
		'what|What', 'subject|Subject|260', 'was|Old value', 'now|New value', 'outcome|Outcome'] });

	people.set(all);
	keys.set(tokens);
	did.set(audit);
	return [h('h2', 'Users'), h('div.row', button('Add New', { verb: 'user add', kind: 'primary', route, onclick: () => addUser() })), people.el,
		h('h2', 'API tokens'), h('div.row', button('New token', { verb: 'user token add', route, onclick: () => addToken(all) })), keys.el, h('h2', 'Audit trail'), did.el];
}
