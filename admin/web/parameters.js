/*
 * parameters: Enterprise Parameters, in CUCM's grid.
 */
import { h, replace, when, fresh, counted, grid, say } from './dom.js';
import { ask, request, route as pathOf, may, calls } from './api.js';
import { button, lacks, open, impact, problemBox, failed, change } from './dialog.js';
import { asCommand } from './command.js';
import { table } from './table.js';

/* What the server said of each when it was read: nobody's change is overwritten unseen. */
const tags = new Map();

async function details(name) {
	const { path } = pathOf('param get', { name });
	const { doc, answer } = await request('GET', path);

	calls.push({ verb: 'param get', params: { name } });
	tags.set(name, answer.headers.get('etag') || doc.etag);
	return doc;
}

async function help(p) {
	const doc = await details(p.name).catch((e) => { failed(e); });

	if (doc) {
		open(p.name, [h('p', doc.help), h('p.dim', `Default: ${doc.default}. Restart: ${doc.restart.join(', ') || 'none'}.${doc.internal_name ? ` Internal name: ${doc.internal_name}.` : ''}`)]);
	}
}

function choices(p) {
	if (p.choices?.length)
		return p.choices;
	return ['True', 'False'].includes(p.default) ? ['True', 'False'] : null;
}

function control(p, id, onchange) {
	const options = choices(p);
	const own = { id, 'aria-label': p.name, disabled: p.read_only || !may('param set'), title: p.read_only ? 'Changed by Trust Lists > CTL, not here.' : may('param set') ? null : lacks('admin') };

	if (options)
		return h('select', { ...own, value: p.value, onchange }, options.map((o) => h('option', o)));
	return h('input', { ...own, value: p.value, inputmode: p.low !== undefined ? 'numeric' : null, spellcheck: 'false', oninput: onchange });
}

/* ---- saving: looked at first, then done ---- */

async function send(name, value) {
	for (;;) {
		try {
			return await change('param set', { name, value }, { headers: tags.get(name) ? { 'If-Match': tags.get(name) } : {} });
		} catch (e) {
			if (e.code !== 'changed')
				throw e;
			const now = await details(name);
			const d = open('Somebody else has changed it', h('p', `${name} is ${now.value} by now. Set it to ${value} all the same?`),
				[button(`Set to ${value}`, { kind: 'primary', onclick: () => d.close('go') })]);

			if (await d.closed !== 'go')
				throw e;
		}
	}
}

async function save(wanted, route) {
	const place = h('div', { 'aria-live': 'polite' }, h('p.dim', 'Looking what would come of it …'));
	const go = button('Save', { kind: 'primary', disabled: true, onclick: async () => {
		go.disabled = true;
		try {
			for (const [name, value] of wanted)
				await send(name, value);
			d.close('saved');
			say(`${counted(wanted.length, 'parameter')} saved.`);
		} catch (e) {
			replace(place, problemBox(e));
		}
	} });
	const d = open('Save', [place, h('details', h('summary', 'Show as command'), wanted.map(([name, value]) => asCommand('param set', { name, value })))],
		[go]);

	try {
		await Promise.all(wanted.map(([name]) => tags.has(name) ? null : details(name)));
		const docs = await Promise.all(wanted.map(([name, value]) => ask('param set', { name, value, 'dry-run': true }, { quiet: true })));

		replace(place, docs.map((doc, i) => h('section', h('h3', wanted[i][0]), h('p', `${doc.value} → `, h('strong', wanted[i][1])), impact(doc))),
			wanted.some(([name, value]) => /rollback/i.test(name) && value === 'True') ? h('p.bad', 'A new ITL is built for each node, with its TVS and TFTP sections emptied. Phones that take it accept any unsigned configuration. Phones with a CTL stay locked to it.') : null);
		go.disabled = false;
		go.focus();
	} catch (e) {
		replace(place, problemBox(e));
	}
	if (await d.closed === 'saved')
		route.reload();
}

/* ---- who changed what ---- */

async function changeLog(route) {
	const trail = may('audit list') ? await ask('audit list', { count: 500 }, { quiet: true }) : null;
	const entries = trail?.audit;
	const events = entries ? null : await ask('events tail', { count: 500 }, { quiet: true });
	const rows = entries ? entries.filter((x) => x.what === 'param set').map((x) => ({ at: x.at, who: x.who, from: x.from, what: x.subject, was: x.was, now: x.now, outcome: x.outcome }))
		: events.events.filter((x) => x.what === 'param set').map((x) => ({ at: x.at, who: x.because.replace(/^by /, ''), what: x.subject, outcome: x.verdict }));
	const t = table({ caption: 'Change log', route, sortKey: 'log', sort: '-at', empty: 'No change yet.', columns: [
		{ key: 'at', label: 'When', show: (x) => when(x.at) }, 'who|Who', 'what|What|340',
		...(entries ? ['was|Old value|160', 'now|New value|160'] : []),
		'outcome|Outcome'] });

	t.set(rows);
	return h('section', h('h2', 'Change log'), t.el);
}

/* ---- the grid ---- */

export default async function parameters(route) {
	const list = (await ask('param list')).parameters, controls = new Map();
	const words = () => (route.q.get('find') || '').toLowerCase();
	const groups = [...new Set(list.map((p) => p.group))], places = new Map();
	const wanted = () => list.filter((p) => !p.read_only && controls.get(p.name).value !== p.value).map((p) => [p.name, controls.get(p.name).value]);

	tags.clear();
	const saver = button('Save', { verb: 'param set', kind: 'primary', disabled: true, title: 'Nothing is changed yet.', onclick: () => save(wanted(), route) });
	const toDefault = button('Set to Default', { verb: 'param set', onclick: () => {
		list.filter((p) => !p.read_only).forEach((p) => { controls.get(p.name).value = p.default; });
		touched();
	} });

	function touched() {
		const n = wanted().length;

		if (may('param set')) {
			saver.disabled = n === 0;
			saver.title = n === 0 ? 'Nothing is changed yet.' : `${n} changed`;
		}
		for (const p of list)
			places.get(p.name).classList.toggle('soon', controls.get(p.name).value !== p.value);
	}

	function row(p) {
		const id = fresh('param');

		controls.set(p.name, control(p, id, touched));
		places.set(p.name, h('tr', h('th', { scope: 'row' }, h('button.small', { type: 'button', title: 'What it does', 'aria-label': `Help: ${p.name}`, onclick: () => help(p) }, '?'), ' ', h('label', { for: id }, p.name)),
			h('td', controls.get(p.name)), h('td', p.default), h('td.dim', p.restart.join(', '))));
		return places.get(p.name);
	}

	const sections = groups.map((g) => h('section.card.params', h('h2', g), grid(g, ['Parameter Name', 'Parameter Value', 'Suggested Value', 'Restart'], list.filter((p) => p.group === g).map(row))));

	function narrow() {
		for (const p of list)
			places.get(p.name).hidden = !p.name.toLowerCase().includes(words());
		sections.forEach((x, i) => { x.hidden = list.filter((p) => p.group === groups[i]).every((p) => places.get(p.name).hidden); });
	}

	const find = h('input', { type: 'search', 'aria-label': 'Find a parameter', placeholder: 'Find a parameter', value: route.q.get('find') || '', oninput: (e) => { route.set({ find: e.target.value }); narrow(); } });

	narrow();
	return [h('div.row', saver, toDefault, button('Undo', { onclick: () => route.reload() }), find), sections, await changeLog(route)];
}
