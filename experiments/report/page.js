'use strict';

/* Sorting: a click on a heading sorts, another one turns the order, a third one restores it. */

function valueOf(row, column) {
  const cell = row.cells[column];
  if (column && !('value' in cell.dataset)) return null;
  return 'value' in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
}

function compare(one, other) {
  if (typeof one === 'string') return one.localeCompare(other, undefined, { numeric: true });
  return one - other;
}

function sort(table, column, order) {
  const rows = [...table.rowsAtStart];
  if (order !== 'none') {
    const sign = order === 'ascending' ? 1 : -1;
    const known = rows.filter((row) => valueOf(row, column) !== null);
    known.sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column)));
    rows.splice(0, rows.length, ...known, ...rows.filter((row) => !known.includes(row)));
  }
  table.tBodies[0].append(...rows);
  for (const head of table.tHead.rows[0].cells) head.removeAttribute('aria-sort');
  if (order !== 'none') table.tHead.rows[0].cells[column].setAttribute('aria-sort', order);
}

function orders(head) {
  const both = ['ascending', 'descending'];
  return [...(head.dataset.better === 'more' ? both.reverse() : both), 'none'];
}

for (const table of document.querySelectorAll('table.sortable')) {
  table.rowsAtStart = [...table.tBodies[0].rows];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const all = orders(head);
      const now = head.getAttribute('aria-sort') || 'none';
      sort(table, column, all[(all.indexOf(now) + 1) % all.length]);
    });
  });
}

/* Legends: an entry hides and shows its lines. */

for (const entry of document.querySelectorAll('.legend li')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('aria-pressed', 'true');
  button.append(...entry.childNodes);
  entry.append(button);
  button.addEventListener('click', () => {
    const shown = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(shown));
    const lines = `.curves [data-series="${entry.dataset.series}"]`;
    for (const line of entry.closest('section').querySelectorAll(lines)) {
      line.classList.toggle('off', !shown);
    }
  });
}

/* What the pointer shows. */

const tip = document.getElementById('tip');

function place(x, y) {
  tip.hidden = false;
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const box = tip.getBoundingClientRect();
  const left = x + 14 + box.width > width ? x - 14 - box.width : x + 14;
  const top = y + 14 + box.height > height ? y - 14 - box.height : y + 14;
  tip.style.left = `${scrollX + Math.max(4, Math.min(left, width - box.width - 4))}px`;
  tip.style.top = `${scrollY + Math.max(4, top)}px`;
}

function hide() {
  tip.hidden = true;
}

document.addEventListener('pointermove', (event) => {
  const told = event.target.closest?.('[data-tip]');
  if (told) {
    tip.textContent = told.dataset.tip;
    place(event.clientX, event.clientY);
  } else if (!event.target.closest?.('.curves')) {
    hide();
  }
});
document.addEventListener('pointerleave', hide);

/* Learning curves: the values at the pointer, or at the step that the arrow keys choose. */

function nearest(steps, wanted) {
  let best = 0;
  steps.forEach((step, at) => {
    if (Math.abs(step - wanted) < Math.abs(steps[best] - wanted)) best = at;
  });
  return best;
}

function visible(curves, picture) {
  return curves.filter(({ series }) => !picture.querySelector(`[data-series="${series}"].off`));
}

function swatch(css) {
  const namespace = 'http://www.w3.org/2000/svg';
  const picture = document.createElementNS(namespace, 'svg');
  const line = document.createElementNS(namespace, 'line');
  for (const [key, value] of Object.entries({ width: 14, height: 8 })) {
    picture.setAttribute(key, value);
  }
  for (const [key, value] of Object.entries({ x1: 0, x2: 12, y1: 4, y2: 4, class: css })) {
    line.setAttribute(key, value);
  }
  picture.setAttribute('class', 'swatch');
  picture.append(line);
  return picture;
}

function show(step, found) {
  const table = document.createElement('table');
  for (const { css, name, value } of found) {
    const row = table.insertRow();
    row.insertCell().append(name);
    row.insertCell().append(String(value));
    row.insertCell().append(swatch(css));
  }
  tip.replaceChildren(`step ${step.toLocaleString('en')}`, table);
}

for (const picture of document.querySelectorAll('.curves')) {
  const curves = JSON.parse(picture.dataset.curves);
  const [left, , width, , first, last] = JSON.parse(picture.dataset.frame);
  const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  const cursor = picture.querySelector('.cursor');
  const readout = picture.nextElementSibling;
  const whole = picture.viewBox.baseVal.width;
  let now = -1;

  const choose = (at, x, y) => {
    now = at;
    const step = steps[at];
    const found = visible(curves, picture).map((curve) => {
      return { ...curve, value: curve.values[nearest(curve.steps, step)] };
    });
    const across = left + (width * (step - first)) / (last - first);
    cursor.setAttribute('x1', across);
    cursor.setAttribute('x2', across);
    cursor.classList.add('on');
    show(step, found);
    const box = picture.getBoundingClientRect();
    place(x ?? box.left + (across * box.width) / whole, y ?? box.top + box.height / 3);
    return `step ${step}: ${found.map(({ name, value }) => `${name} ${value}`).join(', ')}`;
  };
  const leave = () => {
    cursor.classList.remove('on');
    hide();
  };

  const point = (event) => {
    const box = picture.getBoundingClientRect();
    const across = ((event.clientX - box.left) * whole) / box.width;
    const wanted = first + ((across - left) * (last - first)) / width;
    choose(nearest(steps, wanted), event.clientX, event.clientY);
  };

  picture.addEventListener('pointermove', point);
  picture.addEventListener('pointerdown', point);
  picture.addEventListener('pointerleave', leave);
  picture.addEventListener('blur', leave);
  picture.addEventListener('keydown', (event) => {
    const end = steps.length - 1;
    const start = now < 0 ? end : now;
    const moves = { ArrowLeft: start - 1, ArrowRight: start + 1, Home: 0, End: end };
    if (event.key === 'Escape') leave();
    if (!(event.key in moves)) return;
    event.preventDefault();
    readout.textContent = choose(Math.min(Math.max(0, moves[event.key]), end));
  });
}

/* Commands can be copied. */

for (const command of document.querySelectorAll('pre.command')) {
  const around = document.createElement('div');
  const button = document.createElement('button');
  around.className = 'copied';
  button.type = 'button';
  button.textContent = 'Copy';
  command.replaceWith(around);
  around.append(command, button);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = 'Selected';
    }
  });
}
