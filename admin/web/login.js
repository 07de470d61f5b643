/*
 * login: the form before everything else.
 */
import { h, replace } from './dom.js';
import { logIn } from './api.js';
import { field, problemBox } from './dialog.js';

/* Ends when somebody is logged in. */
export default function login(page) {
	return new Promise((done) => {
		const user = field({ name: 'user', label: 'User', required: true, autocomplete: 'username' });
		const password = field({ name: 'password', label: 'Password', type: 'password', required: true, autocomplete: 'current-password' });
		const place = h('div');
		const go = h('button.primary', { type: 'submit' }, 'Log in');

		async function send(event) {
			event.preventDefault();
			go.disabled = true;
			try {
				await logIn(user.control.value, password.control.value);
				done();
			} catch (e) {
				replace(place, problemBox(e));
				password.control.value = '';
				password.control.focus();
			}
			go.disabled = false;
		}

		replace(page, h('main.login', h('h1', 'trustlist'), h('p.dim', 'The security side of a Unified CM cluster'),
			h('form', { onsubmit: send }, user, password, place, go)));
		user.control.focus();
	});
}
