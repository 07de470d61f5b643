/*
 * overview: what an engineer looks at first at two in the morning.
 */
import { h, when, day, days, facts, grid, counted, common, card } from './dom.js';
import { ask, askIf, live } from './api.js';
import { stacked, gauge, statuses, classOf } from './chart.js';
import { table } from './table.js';
import { columns as eventColumns } from './events.js';

/* What a phone takes of a list at most, and how many records it reads. */
const MOST_BYTES = 65536, MOST_RECORDS = 39;

const doors = { tftp: 'TFTP', http: 'HTTP', https: 'HTTPS', 'https-tomcat': 'HTTPS (tomcat)', tvs: 'TVS', capf: 'CAPF' };

function service(v, ports) {
	const kind = v.restart_needed ? 'stale' : v.state;

	return h(`li.${kind}`, h('strong', v.name), ' ', h('span.dim', v.node), h('br'),
		v.state, ports[v.name.toLowerCase()] ? `, port ${ports[v.name.toLowerCase()]}` : '', h('br'),
		v.restart_needed ? h('span.warn', { title: v.because.join('; ') }, 'restart needed') : v.since ? h('span.dim', 'since ', when(v.since)) : null);
}

function door(c, seconds, ports) {
	const wrong = (c.failed || 0) + (c.given_up || 0) + (c.handshakes_failed || 0);

	return h(`li.${wrong > 0 ? 'stale' : 'running'}`, h('strong', doors[c.door] || c.door), ' ', h('span.dim', c.node, ports[c.door] ? `, port ${ports[c.door]}` : ''), h('br'),
		`${counted(c.requests, 'request')}, ${(c.requests / Math.max(1, seconds / 60)).toFixed(1)}/min`, h('br'),
		wrong > 0 ? h('span.warn', `${wrong} failed`) : h('span.dim', 'none failed'));
}

const byStatus = (phones, key) => statuses.map((label) => ({ label, kind: classOf(label), n: phones.filter((p) => p[key] === label).length }));

function itlCard(itl, rollback) {
	return card('ITL, as TFTP serves it',
		rollback ? h('p.bad', h('strong', 'The rollback parameter is True.')) : null,
		facts([['Number', h('a', { href: '#/lists/itl' }, `${itl.number} of ${itl.node}`)], ['Signer', common(itl.signer)], ['Serial', h('code', itl.signer_serial)],
			['Generated', when(itl.built)], ['Because', itl.why], ['Hash of signature', itl.digest], ['MD5', h('code', itl.md5)], ['SHA-1', h('code', itl.sha1)]]),
		gauge('Size', itl.length, MOST_BYTES, 'bytes'), gauge('Records', itl.records.length, MOST_RECORDS, 'that phones read'));
}

export default async function overview(route) {
	const [about, services, stats, certs, phones, itl, events, config] = await Promise.all([ask('cluster show'), ask('service list'), ask('service stats'),
		ask('cert list'), ask('phone list'), askIf('itl show'), ask('events tail', { count: 20 }), ask('config check', {}, { quiet: true })]);
	const ports = Object.fromEntries((config.ports || []).map((p) => [p.door, p.port]));
	const counters = [...stats.counters, ...stats.answers || []];
	const soon = certs.certificates.slice().sort((a, b) => a.not_after.localeCompare(b.not_after)).slice(0, 8);
	const seconds = stats.since ? (new Date(stats.at || Date.now()) - new Date(stats.since)) / 1000 : 60;
	const list = table({ caption: 'Last events', columns: eventColumns, empty: 'Nothing has happened yet.' });
	let last = events.events.slice(-20);

	list.set(last.slice().reverse());
	route.onleave(live(last.at(-1)?.id || 0, (e) => {
		last = [...last, e].slice(-20);
		list.set(last.slice().reverse());
	}));
	return [
		h('h2', 'Services'),
		services.served === false ? h('p.problem', 'No process serves this cluster: trustlist serve.') : null,
		h('ul.strip', services.services.map((v) => service(v, ports))),
		h('ul.strip', counters.map((c) => door(c, seconds, ports))),
		h('div.cards', {},
			card('Phones by trust state',
				phones.phones.length === 0 ? h('p.dim', 'No phones yet.') : [
					h('h3', 'ITL'), stacked('Phones by ITL status', byStatus(phones.phones, 'itl_status'), (p) => `#/phones?itl=${encodeURIComponent(p.label)}`),
					h('h3', 'CTL'), stacked('Phones by CTL status', byStatus(phones.phones, 'ctl_status'), (p) => `#/phones?ctl=${encodeURIComponent(p.label)}`)],
				facts([['Phones', counted(phones.phones.length, 'phone')], ['Release', about.release], ['Cluster Security Mode', about.security_mode === '1' ? '1, mixed mode' : '0, non-secure'],
					['Nodes', about.nodes.map((n) => `${n.name} ${n.address} (${n.role})`).join(', ')]])),
			card('Next expiries',
				grid('Next expiries', ['Certificate', 'Node', 'Expiration', '#Days'], soon.map((c) => h(`tr${days(c.not_after) < 7 ? '.bad' : days(c.not_after) < 90 ? '.soon' : ''}`, {},
						h('td', h('a', { href: `#/certificates/${c.path}` }, c.usage === 'Trust' ? c.path : c.store)), h('td', c.node), h('td', day(c.not_after)), h('td.n', c.days_left))))),
			itl ? itlCard(itl, about.rollback === 'True') : null),
		h('h2', 'Last events'), list.el,
	];
}
