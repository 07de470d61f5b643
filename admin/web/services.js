/*
 * services: the Control Center of Serviceability, and what was asked of each.
 */
import { h, grid, when, number } from './dom.js';
import { ask } from './api.js';
import { button, act, confirmed } from './dialog.js';
import { table } from './table.js';

const key = (v) => `${v.node}/${v.name}`;

export default async function services(route) {
	const [doc, stats] = await Promise.all([ask('service list'), ask('service stats')]);
	let chosen = null;
	const what = { start: [(v) => v.state !== 'running', 'It runs already.'], stop: [(v) => v.state === 'running', 'It is stopped already.'], restart: [(v) => v.state === 'running', 'It is stopped: start it.'] };

	async function go(verb) {
		if (verb === 'stop' && !await confirmed(`Stop ${chosen.name}`, `${chosen.name} on ${chosen.node} answers nobody until it is started.`, 'Stop'))
			return;
		if (await act(`service ${verb}`, { name: [chosen.name], node: chosen.node }, { start: 'Started.', stop: 'Stopped.', restart: 'Restarted.' }[verb]))
			route.reload();
	}

	const buttons = Object.keys(what).map((verb) => [verb, button(verb[0].toUpperCase() + verb.slice(1), { verb: `service ${verb}`, disabled: true, title: 'Choose a service first.', onclick: () => go(verb) })]);

	function choose(v) {
		chosen = v;
		for (const [verb, b] of buttons) {
			if (b.hasAttribute('aria-disabled'))
				continue;
			b.disabled = !what[verb][0](v);
			b.title = b.disabled ? what[verb][1] : '';
		}
	}

	const radio = (v) => h('input', { type: 'radio', name: 'service', value: key(v), 'aria-label': `${v.name} on ${v.node}`, onchange: () => choose(v) });
	const count = (caption, rows) => {
		const keys = Object.keys(rows[0] || {}).filter((k) => typeof rows[0][k] === 'number' && !k.startsWith('took'));
		const counts = table({ caption, files: 'services', columns: ['node|Node', 'door|Over',
			...keys.map((key) => ({ key, label: key.replaceAll('_', ' '), n: true, show: (c) => number(c[key]) }))] });

		counts.set(rows);
		return counts.el;
	};

	return [
		doc.served === false ? h('p.problem', 'No process serves this cluster: what is changed here is felt when "trustlist serve" starts.') : null,
		h('section.card', h('fieldset.plainset', h('legend', h('h2', 'CM Services')), grid('Services', ['', 'Service Name', 'Node', 'Status', 'Since', 'Restart needed'], doc.services.map((v) => h(`tr${v.restart_needed ? '.soon' : ''}`, h('td', radio(v)), h('th', { scope: 'row' }, v.name), h('td', v.node),
				h('td', h(`span.badge.${v.state === 'running' ? 'go' : 'no'}`, v.state)), h('td', when(v.since, '–')), h('td', v.restart_needed ? v.because.join('; ') : 'no'))))),
		h('div.row', buttons.map(([, b]) => b))),
		h('h2', 'What was asked for'), h('p.dim', 'Counted since ', when(stats.since), ', last ', when(stats.at), '.'), count('Files asked for', stats.counters), count('Questions asked', stats.answers || []),
	];
}
