/*
 * dom: nodes for the page, made one by one.  Text from outside only ever becomes a text node, and
 * nothing sets a style attribute: the page's Content-Security-Policy has no room for either.
 */

function add(node, children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			node.append(child instanceof Node ? child : String(child));
	return node;
}

function fill(node, attrs) {
	for (const [name, value] of Object.entries(attrs || {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith('on'))
			node.addEventListener(name.slice(2), value);
		else if (name === 'value')
			node.value = value;
		else
			node.setAttribute(name, value === true ? '' : value);
	}
	return node;
}

/* h('p.warn', {title: '...'}, 'text', node, [more]) */
export function h(what, attrs, ...children) {
	const [tag, ...classes] = what.split('.');
	const node = document.createElement(tag);

	if (classes.length > 0)
		node.className = classes.join(' ');
	if (attrs instanceof Node || typeof attrs !== 'object' || Array.isArray(attrs))
		children.unshift(attrs);
	else if (tag === 'select') /* has no value before it has options */
		return fill(add(fill(node, { ...attrs, value: null }), children), { value: attrs?.value });
	else
		fill(node, attrs);
	return add(node, children);
}

/* The same for drawings. */
export function s(what, attrs, ...children) {
	const [tag, ...classes] = what.split('.');
	const node = document.createElementNS('http://www.w3.org/2000/svg', tag);

	if (classes.length > 0)
		node.setAttribute('class', classes.join(' '));
	return add(fill(node, attrs), children);
}

export function replace(node, ...children) {
	node.replaceChildren();
	return add(node, children);
}

let count = 0;
export const fresh = (word) => `${word}-${++count}`;

/* ---- how things are written ---- */

const two = (n) => String(n).padStart(2, '0');

/* Local time, as in the tables of the command line. */
export function local(text, seconds = true) {
	const t = new Date(text);

	return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ` +
	    `${two(t.getHours())}:${two(t.getMinutes())}${seconds ? `:${two(t.getSeconds())}` : ''}`;
}

export const when = (text, none = 'never') =>
	text ? h('time', { datetime: text, title: text }, local(text)) : none;
export const day = (text, none = '–') =>
	text ? h('time', { datetime: text, title: text }, local(text).slice(0, 10)) : none;

export const days = (text) => Math.floor((new Date(text) - Date.now()) / 86400000);

export const number = (n) => Number(n).toLocaleString('en');
export const counted = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/* The common name of "CN=...;OU=...". */
export const common = (name) => /(?:^|[;,/])CN=([^;,]*)/i.exec(name || '')?.[1] || name || '';

/* dt and dd of what is known: [['Name', value], ...] */
export const facts = (rows) => h('dl.facts', {},
	rows.filter((r) => r && ![undefined, null, '', false].includes(r[1]))
		.map(([k, v]) => h('div', h('dt', k), h('dd', v))));

/* Attributes of what scrolls by itself. */
export const region = (label) => ({ tabindex: 0, role: 'region', 'aria-label': label });

/* A small table; a heading with a # before it stands over numbers. A row is a tr, or its cells, the first of which is its head. */
export const grid = (label, heads, rows) => h('table.grid', { 'aria-label': label },
	h('thead', h('tr', heads.map((x) => x === '' ? h('td') : h(`th${x[0] === '#' ? '.n' : ''}`, { scope: 'col' }, x.replace('#', ''))))), h('tbody', rows.map((r) => !Array.isArray(r) ? r : h('tr', r.map((c, i) => i === 0 ? h('th', { scope: 'row' }, c)
		: h(`td${heads[i]?.[0] === '#' ? '.n' : ''}`, c))))));

export const card = (title, ...content) => h('section.card', h('h2', title), ...content);

/* What comes later is read aloud, too. */
export const later = () => h('div', { 'aria-live': 'polite' });

export const phoneLink = (p) => h('a', { href: `#/phone/${encodeURIComponent(p.name)}` }, p.name);

/* ---- files ---- */

export function bytesOfHex(text) {
	return Uint8Array.from(text.match(/../g) || [], (x) => parseInt(x, 16));
}

export function bytesOfBase64(text) {
	return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export function base64(buffer) {
	const bytes = new Uint8Array(buffer);
	let text = '';

	for (let i = 0; i < bytes.length; i += 32768)
		text += String.fromCharCode(...bytes.subarray(i, i + 32768));
	return btoa(text);
}

export function download(name, content, type = 'application/octet-stream') {
	const url = URL.createObjectURL(new Blob([content], { type }));
	const a = h('a', { href: url, download: name });

	document.body.append(a);
	a.click();
	a.remove();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export const NO_COPY = 'The browser does not let this page copy.';
export const copy = (text) => navigator.clipboard.writeText(text).then(() => true, () => false);

/* Told to those who look and to those who listen. */
export function say(text) {
	const place = document.getElementById('said');

	replace(place, h('span', text));
	clearTimeout(say.timer);
	say.timer = setTimeout(() => replace(place), 8000);
}
