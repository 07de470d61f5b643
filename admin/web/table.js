/*
 * table: rows that can be sorted, searched, copied and read aloud.  Long ones are windowed: only
 * the rows in sight, and some around them, are nodes of the page; the rest is empty space.
 */
import { h, replace, copy, NO_COPY, say, number, download, region } from './dom.js';
import { button } from './dialog.js';

/* Rows of a table are all nodes up to here. */
const WINDOWED = 150;
const ROW = 32, MARGIN = 15, WIDTH = 130;

const plain = (column, row) => {
	const v = column.value ? column.value(row) : row[column.key];

	return v === null || v === undefined ? '' : v;
};

/* Its digits are hexadecimal: not to be sorted as a number. */
const isDevice = /^[A-Z]{3}[0-9A-F]{12}$/;

function compare(a, b) {
	if (typeof a === 'number' && typeof b === 'number')
		return a - b;
	if (a === '' || b === '')
		return (a === '') - (b === '');
	return String(a).localeCompare(String(b), 'en', { numeric: !isDevice.test(a) });
}

const csvCell = (v) => {
	let text = String(v).replace(/[\r\n]+/g, ' ');

	if (/^[=+\-@\t]/.test(text) && typeof v !== 'number')
		text = `'${text}`; /* a spreadsheet would reckon it */
	return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/* Paper has no windows: tables that are told of it. */
const printed = new Set();

for (const [event, yes] of [['beforeprint', true], ['afterprint', false]])
	addEventListener(event, () => printed.forEach((tell) => tell(yes) || printed.delete(tell)));

/* A column in short: 'key|Label|width|n', the last two as they are needed; 'mono' instead of n. */
export function columnOf(c) {
	if (typeof c !== 'string')
		return c;
	const [key, label, width, kind] = c.split('|');

	return { key, label, width, [kind]: true };
}

/*
 *   caption  what it is a list of
 *   columns  short ones, or [{ key, label, value(row), show(row), n, width }]: value sorts and is copied (else row[key]), show is
 *            what is seen (else value); n: a number, flush right; width: px, of windowed tables
 *   select   true: a box before each row; key(row) tells them apart
 *   route    the screen's (app.js): its query keeps the sorting.  sort: without one there
 *   empty    what stands there without rows
 *   tools    nodes beside the count;  files: a name, for CSV and JSON
 *   rowClass(row), newest: keeps the end in sight when rows are added
 */
export function table(t) {
	t.columns = t.columns.map(columnOf);
	const body = h('tbody'), head = h('tr'), count = h('span.dim', { role: 'status' });
	const grid = h('table.grid', { 'aria-label': t.caption }, h('thead', head), body);
	const port = h('div.port', { ...region(t.caption), onscroll: () => windowed && draw() }, grid);
	const name = t.sortKey || 'sort';
	const chosen = new Set();
	let all = [], rows = [], windowed = false, printing = false, first = -1, last = -1;
	let sort = t.route?.q.get(name) || t.sort || '';

	/* ---- heads ---- */

	const allBox = t.select && h('input', { type: 'checkbox', 'aria-label': 'Select all', onchange: () => {
		rows.forEach((r) => allBox.checked ? chosen.add(t.key(r)) : chosen.delete(t.key(r)));
		draw(true);
		t.onselect?.(chosen);
	} });

	function sortBy(key) {
		sort = sort === key ? `-${key}` : key;
		t.route?.set({ [name]: sort });
		heads();
		head.querySelector('[aria-sort$=scending] button').focus();
		arrange();
	}

	function heads() {
		replace(head, t.select ? h('th', { scope: 'col' }, allBox) : null, t.columns.map((c) => {
			const dir = sort === c.key ? 'ascending' : sort === `-${c.key}` ? 'descending' : 'none';

			const th = h(`th${c.n ? '.n' : ''}`, { scope: 'col', 'aria-sort': dir },
				h('button.sort', { type: 'button', onclick: () => sortBy(c.key) }, c.label,
					h('span', { 'aria-hidden': 'true' }, { ascending: ' ▲', descending: ' ▼', none: '' }[dir])));

			th.style.minWidth = c.width >= 200 ? `${c.width * 0.7}px` : '';
			return th;
		}));
	}

	/* ---- rows ---- */

	function cell(c, row) {
		const shown = c.show ? c.show(row) : plain(c, row);
		const title = windowed ? String(plain(c, row)) : null;

		return h(`td${c.n ? '.n' : ''}${c.mono ? '.mono' : ''}`, { title }, shown);
	}

	function box(row) {
		const key = t.key(row);

		return h('td', h('input', { type: 'checkbox', checked: chosen.has(key), 'aria-label': `Select ${key}`,
			onchange: (e) => { e.target.checked ? chosen.add(key) : chosen.delete(key); t.onselect?.(chosen); } }));
	}

	const line = (row, i) => h(`tr${t.rowClass?.(row) || ''}`, { 'aria-rowindex': i + 2 },
		t.select ? box(row) : null, t.columns.map((c) => cell(c, row)));

	function gap(n) {
		const td = h('td', { colspan: t.columns.length + (t.select ? 1 : 0) });

		td.style.height = `${n * ROW}px`;
		return n > 0 ? h('tr.gap', { 'aria-hidden': 'true' }, td) : null;
	}

	/* Draws what can be seen. */
	function draw(anew) {
		let from = 0, to = rows.length;

		if (windowed) {
			const height = port.clientHeight || 600;

			from = Math.max(0, Math.floor(port.scrollTop / ROW) - MARGIN);
			to = Math.min(rows.length, from + Math.ceil(height / ROW) + 2 * MARGIN);
		}
		if (!anew && from === first && to === last)
			return;
		first = from;
		last = to;
		const focused = document.activeElement?.closest?.('tr')?.getAttribute('aria-rowindex');
		const held = body.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;

		replace(body, gap(from), rows.slice(from, to).map((r, i) => line(r, from + i)), gap(rows.length - to));
		if (held && focused) /* scrolled by keyboard: the link that had the focus was drawn anew */
			body.querySelector(`tr[aria-rowindex="${focused}"] a`)?.focus({ preventScroll: true });
		if (rows.length === 0)
			replace(body, h('tr', h('td.empty', { colspan: t.columns.length + (t.select ? 1 : 0) }, t.empty || 'Nothing.')));
	}

	function layout() {
		windowed = rows.length > WINDOWED && !printing;
		grid.classList.toggle('windowed', windowed);
		port.classList.toggle('windowed', windowed);
		grid.setAttribute('aria-rowcount', rows.length + 1);
		grid.querySelector('colgroup')?.remove();
		grid.style.width = windowed ? `${t.columns.reduce((n, c) => n + Number(c.width || WIDTH), 36)}px` : '';
		if (windowed)
			grid.prepend(h('colgroup', t.select ? h('col', { width: 36 }) : null, t.columns.map((c) => h('col', { width: c.width || WIDTH }))));
	}

	function arrange() {
		const key = sort.replace(/^-/, ''), sign = sort.startsWith('-') ? -1 : 1;
		const column = t.columns.find((c) => c.key === key);

		rows = t.filter ? all.filter(t.filter) : all.slice();
		if (column)
			rows = rows.map((r) => [plain(column, r), r]).sort((a, b) => sign * compare(a[0], b[0])).map((x) => x[1]);
		replace(count, rows.length === all.length ? `${number(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`
			: `${number(rows.length)} of ${number(all.length)} rows`);
		layout();
		draw(true);
	}

	/* ---- to take away ---- */

	const lines = (cells, between) => [t.columns.map((c) => cells(c.label)).join(between),
		...rows.map((r) => t.columns.map((c) => cells(plain(c, r))).join(between))].join('\n');
	const tsv = () => lines((v) => String(v).replace(/[\t\r\n]+/g, ' '), '\t');

	const tools = h('div.tools', count, t.tools,
		button('Copy table', { kind: 'small', onclick: async () => say(await copy(tsv()) ? `${rows.length} rows copied, columns by tabs.` : NO_COPY) }),
		t.files ? [button('CSV', { kind: 'small', onclick: () => download(`${t.files}.csv`, `${lines(csvCell, ',')}\n`, 'text/csv') }),
			button('JSON', { kind: 'small', onclick: () => download(`${t.files}.json`, JSON.stringify(rows, null, 2), 'application/json') })] : null);

	printed.add((yes) => {
		if (port.isConnected) {
			printing = yes;
			layout();
			draw(true);
		}
		return port.isConnected;
	});
	new ResizeObserver(() => windowed && draw()).observe(port);
	heads();
	return {
		el: h('div.table', tools, port),
		chosen,
		rows: () => rows,
		set(list) {
			const atEnd = t.newest && port.scrollTop + port.clientHeight >= port.scrollHeight - ROW;

			all = list;
			arrange();
			if (atEnd)
				port.scrollTop = port.scrollHeight;
		},
		arrange,
	};
}

/* ---- finding, as on CUCM's pages: [field] [begins with|contains|...] [words] ---- */

const tests = {
	'begins with': (v, w) => v.startsWith(w), contains: (v, w) => v.includes(w), 'is exactly': (v, w) => v === w,
	'ends with': (v, w) => v.endsWith(w), 'is empty': (v) => v === '', 'is not empty': (v) => v !== '',
};

/*
 * fields: { key: 'Label' } to choose from, get(row, key) gives the text; more: { key: { label,
 * options, is(row, value) } }, each a choice of its own.  All of it is in the route's query.
 */
export function finder(route, { fields, get, more = {}, onchange }) {
	const state = () => ({ by: route.q.get('by') || Object.keys(fields)[0], how: route.q.get('how') || 'contains', find: route.q.get('find') || '' });
	const put = (key) => (e) => { route.set({ [key]: e.target.value }); onchange(); };
	const now = state();
	const options = (m) => [h('option', { value: '' }, 'all'), (m.options.call ? m.options() : m.options).map((o) => h('option', { value: o.value ?? o }, o.label ?? o))];
	/* What there is to choose from may have become more. */
	const again = (m) => (e) => {
		const was = e.target.value;

		if (m.options.call) {
			replace(e.target, options(m));
			e.target.value = was;
		}
	};
	const el = h('form.finder', { role: 'search', onsubmit: (e) => { e.preventDefault(); onchange(); } },
		h('span', 'Find where '),
		h('select', { 'aria-label': 'Field', value: now.by, onchange: put('by') }, Object.entries(fields).map(([value, label]) => h('option', { value }, label))),
		h('select', { 'aria-label': 'How', value: now.how, onchange: put('how') }, Object.keys(tests).map((k) => h('option', k))),
		h('input', { type: 'search', 'aria-label': 'Words to find', value: now.find, oninput: put('find') }),
		Object.entries(more).map(([key, m]) => h('label', `${m.label} `, h('select', { value: route.q.get(key) || '', onchange: put(key), onfocus: again(m) }, options(m)))),
		h('button', { type: 'submit' }, 'Find'),
		h('button', { type: 'button', onclick: () => {
			route.set(Object.fromEntries(['by', 'how', 'find', ...Object.keys(more)].map((k) => [k, ''])));
			el.reset();
			el.querySelectorAll('select').forEach((x) => { x.selectedIndex = 0; });
			el.querySelector('[aria-label=How]').value = 'contains';
			el.querySelector('input').value = '';
			onchange();
		} }, 'Clear Filter'));

	return {
		el,
		passes(row) {
			const f = state();

			if ((f.find !== '' || f.how.includes('empty')) && !tests[f.how](String(get(row, f.by) ?? '').toLowerCase(), f.find.toLowerCase()))
				return false;
			return Object.entries(more).every(([key, m]) => !route.q.get(key) || m.is(row, route.q.get(key)));
		},
	};
}
