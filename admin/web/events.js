/*
 * events: what happened, and what happens now.
 */
import { h, replace, when, number } from './dom.js';
import { ask, live } from './api.js';
import { table, finder, columnOf } from './table.js';
import { open, button } from './dialog.js';

/* That are kept in the page, and that are there at once. */
const MOST = 10000, FIRST = 500;

export const bad = (verdict) => /refus|reject|not-|fail|denied|invalid|unknown|locked|wrong|expired|malformed/i.test(verdict);

export const columns = [
	{ key: 'at', label: 'Time', show: (e) => when(e.at), width: 165 },
	'service|Service|80',
	'node|Node',
	{ key: 'device', label: 'Phone', show: (e) => e.device && h('a', { href: `#/phone/${encodeURIComponent(e.device)}` }, e.device), width: 160 },
	'peer|From',
	'what|What|150',
	{ key: 'verdict', label: 'Verdict', show: (e) => h(`span${bad(e.verdict) ? '.bad' : ''}`, e.verdict) },
	'subject|Subject|240',
	'because|Because|360',
].map(columnOf);

function explain(e) {
	open(`Event ${e.id}`, h('table.grid', h('tbody', columns.map((c) => h('tr', h('th', { scope: 'row' }, c.label), h('td', c.show ? c.show(e) : e[c.key]))))));
}

export default async function events(route) {
	let all = (await ask('events tail', { count: FIRST })).events, paused = false, due = null;
	const state = h('span.badge.mid', { role: 'status' }, 'connecting');
	const services = () => [...new Set(all.map((e) => e.service))].sort();
	const verdicts = () => [...new Set(all.map((e) => e.verdict))].sort();
	const list = table({ caption: 'Events', route, files: 'events', sort: '-id', filter: (e) => find.passes(e), empty: 'No event is like that.',
		columns: [{ key: 'id', label: 'Number', n: true, show: (e) => h('a', { href: location.hash, role: 'button', onclick: (x) => { x.preventDefault(); explain(e); } }, e.id), width: 80 }, ...columns],
		tools: [state, button('Pause', { kind: 'small', onclick: (e) => { paused = !paused; replace(e.target, paused ? 'Go on' : 'Pause'); paused || list.set(all); } })] });
	const ago = { '15 minutes': 900, 'hour': 3600, 'day': 86400, 'week': 604800 };
	const find = finder(route, {
		fields: { device: 'Phone', peer: 'From', what: 'What', subject: 'Subject', because: 'Because', node: 'Node' }, get: (e, k) => e[k],
		more: { service: { label: 'Service', options: services, is: (e, v) => e.service === v }, verdict: { label: 'Verdict', options: verdicts, is: (e, v) => e.verdict === v },
			time: { label: 'Last', options: Object.keys(ago), is: (e, v) => Date.now() - new Date(e.at) < ago[v] * 1000 } },
		onchange: () => list.arrange(),
	});

	/* Many may come at once: the table is set twice a second at most. */
	const later = () => { due ??= setTimeout(() => { due = null; paused || list.set(all); }, 500); };
	const end = live(all.at(-1)?.id || 0, (e) => {
		if (e.id <= (all.at(-1)?.id || 0))
			return;
		all = [...all, e].slice(-MOST);
		later();
	}, (word) => {
		replace(state, { live: 'live', waiting: 'connection lost, trying again', ended: 'not live' }[word]);
		state.className = `badge ${word === 'live' ? 'go' : 'mid'}`;
	});

	route.onleave(() => { end(); clearTimeout(due); });
	list.set(all);
	if (all.length === FIRST)
		ask('events tail', { count: MOST }, { quiet: true }).then(({ events: more }) => {
			all = [...more.filter((e) => e.id < all[0].id), ...all].slice(-MOST);
			list.set(all);
		}, () => {});
	return [h('p.dim', `The newest ${number(MOST)} at most; new ones appear as they happen.`), find.el, list.el];
}
