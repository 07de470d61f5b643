/*
 * app: the frame around the screens - who is logged in, where one is (#/screen/part?filters), what
 * must be seen on every screen (the rollback parameter, services that want a restart).
 */
import { h, replace, say } from './dom.js';
import { session, calls, ask, whoAmI, logOut, Problem } from './api.js';
import { button, lacks, act, open, problemBox } from './dialog.js';
import { shownCalls } from './command.js';
import { covers } from './verbs.js';
import login from './login.js';

/* path: [title, module, right]; without a title it is not in the menu. */
const screens = {
	overview: ['Overview', 'overview'],
	certificates: ['Certificate Management', 'certificates'],
	lists: ['Trust Lists', 'lists'],
	parameters: ['Enterprise Parameters', 'parameters'],
	phones: ['Phones', 'phones'],
	phone: [null, 'phone'],
	capf: ['CAPF', 'capf'],
	services: ['Control Center', 'services'],
	events: ['Events', 'events'],
	rehearsal: ['Rehearsal', 'rehearsal'],
	bulk: ['Bulk Certificate Management', 'bulk'],
	inspector: ['File Inspector', 'inspector'],
	tools: ['Tools', 'tools'],
	users: ['Users and Audit', 'users', 'admin'],
	backup: ['Backup', 'backup'],
	about: ['About and API', 'about'],
};

const page = document.getElementById('page');
let main, nav, banners, cluster, leave = [], turn = 0, timer;

/* ---- light and dark ---- */

const themes = ['auto', 'light', 'dark'];

function theme(name) {
	if (name === 'auto')
		document.documentElement.removeAttribute('data-theme');
	else
		document.documentElement.setAttribute('data-theme', name);
	localStorage.setItem('theme', name);
}

theme(localStorage.getItem('theme') || 'auto');

/* ---- where one is ---- */

/* Of "#/phones?itl=Mismatch": what a screen reads, and changes without being opened again. */
function here() {
	const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
	const r = {
		path: path.split('/').map(decodeURIComponent),
		q: new URLSearchParams(query),
		set(some) {
			for (const [key, value] of Object.entries(some))
				value === '' ? r.q.delete(key) : r.q.set(key, value);
			history.replaceState(null, '', `#/${r.path.map(encodeURIComponent).join('/')}${r.q.size ? `?${r.q}` : ''}`);
		},
		onleave: (f) => leave.push(f),
		reload: show,
	};

	return r;
}

/* ---- what is seen on every screen ---- */

async function restart(names) {
	if (await act('service restart', { name: names }, `Restarted: ${names.join(', ')}.`))
		show();
}

function restartBanner(services) {
	const stale = services.filter((v) => v.restart_needed);
	const names = [...new Set(stale.map((v) => v.name))];
	const why = [...new Set(stale.flatMap((v) => v.because))];

	return names.length > 0 && h('div.banner.warn', { role: 'region', 'aria-label': 'Services to restart' },
		h('strong', `Services to restart: ${names.join(', ')}. `),
		h('span', why.length > 0 ? `Because: ${why.join('; ')}. ` : '', 'Until then they go on with what they loaded. '),
		button('Restart', { verb: 'service restart', onclick: () => restart(names) }));
}

const rollbackBanner = () => h('div.banner.bad', { role: 'region', 'aria-label': 'Rollback' },
	h('strong', 'Prepare Cluster for Rollback to pre 8.0 is True. '),
	'Phones that take the emptied ITL accept any unsigned configuration and any new ITL, and their HTTPS services fail. ',
	h('a', { href: '#/parameters?find=rollback' }, 'Enterprise Parameters'));

async function look() {
	clearTimeout(timer);
	if (session.user === null)
		return;
	try {
		const [about, list] = await Promise.all([ask('cluster show', {}, { quiet: true }), ask('service list', {}, { quiet: true })]);
		const state = JSON.stringify([about.rollback, list.services.map((v) => [v.name, v.node, v.restart_needed, v.because])]);

		replace(cluster, about.cluster);
		document.title = `${main.dataset.title || ''} – ${about.cluster} – trustlist`;
		if (banners.dataset.state !== state) { /* or it would be read aloud again and again */
			banners.dataset.state = state;
			replace(banners, about.rollback === 'True' && rollbackBanner(), restartBanner(list.services));
		}
		if (banners.querySelector('.lost'))
			delete banners.dataset.state;
	} catch (e) {
		banners.dataset.state = '';
		replace(banners, h('div.banner.bad.lost', h('strong', 'What is shown may be old. '), e.message));
	}
	clearTimeout(timer);
	timer = setTimeout(look, 15000);
}

/* ---- the frame ---- */

const commands = () => {
	open('Show as command', [
		h('p', 'What this screen has asked for and done, as a command line on the host (with ', h('code', '--root'), ' or ',
			h('code', 'TRUSTLIST_ROOT'), ') and with curl from elsewhere (', h('code', 'TOKEN'), ' is one of ',
			h('code', 'trustlist user token add'), ').'), shownCalls()], null, 'wide');
};

async function out() {
	await logOut().catch(() => {});
	start();
}

function frame() {
	const themer = h('select', { 'aria-label': 'Colours', value: localStorage.getItem('theme') || 'auto', onchange: (e) => theme(e.target.value) },
		themes.map((t) => h('option', { value: t }, { auto: 'As the system', light: 'Light', dark: 'Dark' }[t])));

	cluster = h('span.cluster');
	banners = h('div.banners', { 'aria-live': 'polite' });
	main = h('main', { id: 'main', tabindex: -1 });
	nav = h('nav', { 'aria-label': 'Screens' }, h('ul', Object.entries(screens).filter(([, v]) => v[0]).map(([k, [title, , right]]) =>
		h('li', covers(session.role, right || 'read') ? h('a', { href: `#/${k}` }, title)
			: h('span.dim', { title: lacks(right) }, title)))));
	replace(page, h('a.skip', { href: '#main', onclick: (e) => { e.preventDefault(); main.focus(); } }, 'To the content'),
		h('header', h('div.brand', h('strong', 'trustlist'), cluster),
			h('div.who', h('span', session.user, h('span.role', { title: 'role' }, session.role)), themer,
				button('Password', { onclick: () => import('./users.js').then((m) => m.ownPassword()) }),
				button('Log out', { onclick: out }))),
		h('div.below', nav, h('div.column', banners, main)));
}

/* Opens the screen that the address names. */
async function show(event) {
	const mine = ++turn, route = here(), [name] = route.path;
	const [title, file, right] = screens[name] || screens.overview;

	if (session.user === null)
		return;
	leave.splice(0).forEach((f) => f());
	if (event?.type === 'hashchange')
		document.querySelectorAll('dialog').forEach((d) => d.close());
	calls.length = 0;
	nav.querySelectorAll('a').forEach((a) => a.getAttribute('href') === `#/${name === 'phone' ? 'phones' : screens[name] ? name : 'overview'}`
		? a.setAttribute('aria-current', 'page') : a.removeAttribute('aria-current'));
	main.dataset.title = title || decodeURIComponent(route.path[1] || '');
	main.setAttribute('aria-busy', 'true');
	const head = h('div.head', h('h1', main.dataset.title), button('Show as command', { onclick: commands }));
	let content;

	try {
		if (!covers(session.role, right || 'read'))
			throw new Problem({ code: 'denied', detail: lacks(right) }, 0);
		content = await (await import(`./${file}.js`)).default(route);
	} catch (e) {
		content = [problemBox(e), button('Try again', { onclick: () => show() })];
	}
	if (mine !== turn || session.user === null) /* somewhere else by now */
		return;
	const place = event ? 0 : scrollY;

	replace(main, head, content);
	main.removeAttribute('aria-busy');
	scrollTo(0, place);
	if (event?.type === 'hashchange')
		main.focus({ preventScroll: true });
	look();
}

async function start() {
	clearTimeout(timer);
	leave.splice(0).forEach((f) => f());
	try {
		if (session.user === null && !(await whoAmI())) {
			document.title = 'Log in – trustlist';
			await login(page);
		}
	} catch (e) {
		replace(page, h('main.plain', h('h1', 'trustlist'), problemBox(e), button('Try again', { onclick: start })));
		return;
	}
	frame();
	show({ type: 'start' });
}

addEventListener('hashchange', show);
addEventListener('changed', () => setTimeout(look));
addEventListener('session-over', () => {
	document.querySelectorAll('dialog').forEach((d) => d.close());
	Object.assign(session, { user: null, role: null, csrf: null });
	localStorage.removeItem('in');
	say('The session is over. Log in again; this screen will be here.');
	start();
});
start();
