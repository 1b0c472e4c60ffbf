"""How all that we show on a page looks: type, greys, tables, and the line that says how things stand.

Colours and fonts are JupyterLab's, so that its light and dark themes are followed; the fallbacks are for
front ends that have none. Every rule is bound to elements of ours, since a page has one style for all.
"""

from __future__ import annotations

__all__ = ["NOT_MATHS", "STYLE"]

#: Classes of what front ends must not read formulas in: two US$ in names would be one.
NOT_MATHS = "tex2jax_ignore mathjax_ignore"

#: Of a dashboard, of a still of it, and of a recording alike.
STYLE = """<style>
.capflow-dashboard, .capflow-still, .capflow-recording {
  font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px;
  color: var(--jp-ui-font-color1, inherit); max-width: 1680px; overflow: hidden; }
.capflow-dashboard button:focus-visible, .capflow-dashboard input:focus-visible,
.capflow-dashboard select:focus-visible, .capflow-recording button:focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: -2px; border-radius: 3px; }
.capflow-row { flex-flow: row wrap !important; align-items: center; gap: 4px 10px; overflow: hidden; }
.capflow-row .widget-button, .capflow-row > .widget-toggle-button { width: auto; padding: 0 10px; }
table.capflow-list { border-collapse: collapse; width: 100%; border: none; margin: 0; table-layout: auto;
  font-variant-numeric: tabular-nums; font-size: 13px; line-height: 1.35; }
table.capflow-list tbody tr:nth-child(n), table.capflow-list tr { background: transparent; }
table.capflow-list th, table.capflow-list td { padding: 3px 5px; text-align: right; white-space: nowrap;
  border: none; border-bottom: 1px solid var(--jp-border-color2, rgba(128,128,128,.3));
  background: transparent; color: inherit; font-weight: normal; vertical-align: middle; }
table.capflow-list thead th { color: var(--jp-ui-font-color2, inherit); font-size: 12px; }
table.capflow-list th:first-child { text-align: left; }
table.capflow-list tbody th[scope=row] { font-weight: 600; }
table.capflow-list .capflow-group th { text-align: left; font-size: 11px; letter-spacing: .06em;
  padding-top: 8px; color: var(--jp-ui-font-color2, inherit); }
table.capflow-list td.capflow-bad, table.capflow-list td.capflow-wait { text-align: left; max-width: 320px;
  overflow: hidden; text-overflow: ellipsis; }
table.capflow-list td.capflow-bad { color: var(--jp-error-color1, #b91c1c); }
table.capflow-list td.capflow-wait { color: var(--jp-ui-font-color2, inherit); }
.capflow-notes { font-size: 11.5px; color: var(--jp-ui-font-color2, inherit); padding: 4px 6px; }
.capflow-status .capflow-facts { display: flex; flex-flow: row wrap; gap: 2px 14px; font-size: 12.5px;
  line-height: 1.6; color: var(--jp-ui-font-color2, inherit); font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
.capflow-message, .capflow-status { overflow-wrap: anywhere; }
.capflow-link::before { content: "\\25cf"; margin-right: 5px; color: var(--jp-warn-color1, #d97706); }
.capflow-is-connected .capflow-link::before { color: var(--jp-success-color1, #15803d); }
.capflow-is-closed .capflow-link::before { color: var(--jp-error-color1, #b91c1c); }
.capflow-status :is(.capflow-demo, .capflow-past) { font-weight: 700; color: var(--jp-warn-color0, #b45309); }
.capflow-bad { color: var(--jp-error-color1, #b91c1c); }
:is(.capflow-dashboard, .capflow-recording) :is(.widget-html, .widget-html-content) { height: auto;
  min-height: 0; line-height: 1.5; overflow: visible; }
</style>"""
