/*
 * rehearsal: a change played with virtual phones before it is done to real ones.
 */
import { h, replace, when, facts, grid, region, download, bytesOfBase64, number, card, later } from './dom.js';
import { ask, request } from './api.js';
import { button, progressBox, problemBox } from './dialog.js';
import { commandOf } from './command.js';
import { table } from './table.js';
import { steps, states } from './chart.js';

const verdict = (word) => h(`span.badge.${word === 'GO' ? 'go' : 'no'}`, word);

/* ---- what came of it ---- */

function run(r, list) {
	const used = states.filter(([k]) => list.some((x) => x[k] > 0));

	return card([r.run, ' ', verdict(r.verdict), r.as_expected ? null : h('span.badge.no', 'not as the script expects')],
		r.why ? h('p.bad', r.why) : null, r.by_hand > 0 ? h('p.bad', `${number(r.by_hand)} phones must be repaired by hand.`) : null,
		list.length > 0 ? steps(r.run, list) : null,
		h('details', h('summary', `${list.length} steps`), h('div.port', { tabindex: 0, role: 'region', 'aria-label': `Steps of ${r.run}` }, grid(`Steps of ${r.run}`, ['#Line', 'Step', ...used.map(([, w]) => `#${w}`), 'Came of it'], list.map((x) => [x.line, h('code', x.step), ...used.map(([k]) => x[k]), x.note])))));
}

function result(doc) {
	const locked = table({ caption: 'Locked phones', files: 'locked', empty: 'No phone is locked.', columns: [...new Set(doc.locked.flatMap((x) => Object.keys(x)))].map((k) => ({ key: k, label: k.replaceAll('_', ' '), value: (x) => [x[k] ?? ''].flat().join(', '), width: Math.max(...doc.locked.map((x) => String(x[k]).length)) > 30 ? 500 : 100 })) });
	const phones = table({ caption: 'Phones at the end', files: 'phones', columns: ['run|Run|200', 'name|Device Name|160', 'model|Model|90',
		{ key: 'state', label: 'State', show: (p) => h(`span${p.state === 'locked' ? '.bad' : ''}`, p.state) }, 'reason|Reason|260', { key: 'hand', label: 'By hand', value: (p) => p.by_hand ? 'yes' : 'no', width: 90 }] });
	const page = doc.files?.html;

	locked.set(doc.locked);
	phones.set(doc.phones_at_the_end);
	return [card(`${doc.rehearsal}: ${doc.title}`, facts([['Expected', doc.outcome], ['Cluster A', doc.cluster_a], ['Cluster B', doc.cluster_b], ['Phones', `${doc.phones}: ${doc.models}`], ['Began', when(doc.began)], ['Took', `${(doc.took_ms / 1000).toFixed(1)} s`],
		['Result', doc.as_expected ? h('span.good', 'as the script expects') : h('span.bad', doc.error?.message || 'not as the script expects')]]),
	h('div.row', page ? button('Download the report (HTML)', { kind: 'primary', onclick: () => download(page.name, bytesOfBase64(page.base64), 'text/html') }) : null,
		button('Download the report (JSON)', { onclick: () => download(`${doc.rehearsal}.json`, JSON.stringify({ ...doc, files: undefined }, null, 2), 'application/json') }))),
	doc.runs.map((r, i) => run(r, doc[`steps_${i + 1}`] || [])), h('h2', 'Locked phones, and why'), locked.el, h('h2', 'Every phone at the end'), phones.el];
}

/* ---- one rehearsal ---- */

async function one(route, all) {
	const r = all.find((x) => x.name === route.path[1]);
	const script = await ask('rehearse show', { name: route.path[1] });
	const place = later();
	const phones = h('input', { type: 'number', min: 1, max: 10000, value: String(Math.min(r?.phones || 20, 20)), id: 'phones' });
	const way = h('select', { id: 'way' }, h('option', { value: '' }, 'the procedure'), r?.back ? h('option', { value: 'back' }, 'the procedure, and the way back') : null,
		(r?.variants || []).map((v) => h('option', { value: `v${v}` }, `instead: ${v}`)), h('option', { value: 'all' }, 'all: procedure, way back, each variant'));
	let controller;
	const params = () => ({ name: route.path[1], phones: Number(phones.value),
		...(way.value === 'back' ? { back: true } : way.value === 'all' ? { all: true } : way.value ? { variant: way.value.slice(1) } : {}), html: `${route.path[1]}.html` });
	const go = button('Run', { verb: 'rehearse run', kind: 'primary', onclick: play });
	const halt = button('Cancel', { disabled: true, onclick: () => controller.abort() });

	async function play() {
		controller = new AbortController();
		go.disabled = true;
		halt.disabled = false;
		try {
			const doc = await ask('rehearse run', params(), { job: true, signal: controller.signal, onprogress: (j) => {
				const scrolled = place.querySelector('.progress');

				if (scrolled && scrolled.dataset.lines === String(j.progress?.length))
					return;
				replace(place, card('It runs', progressBox(j)));
				place.querySelector('.progress').dataset.lines = String(j.progress?.length);
			} });

			replace(place, result(doc));
		} catch (e) {
			replace(place, problemBox(e), e.result?.runs ? result(e.result) : null);
		}
		go.disabled = false;
		halt.disabled = true;
	}

	return [h('p', h('a', { href: '#/rehearsal' }, 'All rehearsals')),
		card(r ? `${r.name}: ${r.title}` : route.path[1], r ? facts([['Expected', r.outcome], ['Source', r.source], ['Way back', r.back ? 'yes' : 'no'], ['Variants', r.variants.length > 0 ? h('ul', r.variants.map((v) => h('li', v))) : 'none']]) : null,
			h('div.row', h('label', { for: 'phones' }, 'Phones'), phones, h('label', { for: 'way' }, 'Play'), way, go, halt),
			h('p.dim', 'A script of your own is played on the command line: ', h('code', 'trustlist rehearse run FILE'), '.'),
			commandOf('rehearse run', params), h('details', h('summary', 'The script'), h('pre.hex', region('The script'), script.content))), place];
}

export default async function rehearsal(route) {
	const all = (await ask('rehearse list')).rehearsals;

	if (route.path.length > 1)
		return one(route, all);
	const jobs = (await request('GET', '/api/v1/jobs')).doc.jobs?.filter((j) => j.verb === 'rehearse run') || [];
	const place = h('div');
	const list = table({ caption: 'Rehearsals', route, columns: [{ key: 'name', label: 'Name', show: (r) => h('a', { href: `#/rehearsal/${r.name}` }, r.name), width: 70 }, 'title|What is done|360',
		'outcome|Outcome on a real cluster|360', { key: 'back', label: 'Way back', value: (r) => r.back ? 'yes' : 'no', width: 90 }, { key: 'variants', label: 'Variants', n: true, value: (r) => r.variants.length, width: 90 }] });

	list.set(all);
	return [h('p.dim', 'Clusters and phones are made for it, and gone afterwards. Nothing of this cluster is touched.'), list.el,
		jobs.length > 0 ? card('Rehearsals of the last hour', h('ul', jobs.map((j) => h('li', `${j.who}, `, when(j.started), `, ${j.state} `,
			j.state === 'done' || j.state === 'failed' ? button('Show', { kind: 'small', onclick: async () => { const { doc } = await request('GET', `/api/v1/jobs/${j.id}`); const d = doc.result?.result || doc.result; replace(place, d?.runs ? result(d) : problemBox(Object.assign(new Error(d?.detail || 'no result')))); } }) : null))), place) : null];
}
