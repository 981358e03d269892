// A row of tabs that is wider than its screen begins with the current page in sight.
const current = document.querySelector(".tabs [aria-current]");
const row = current?.closest(".tabs");
if (row) row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
