"""Merged cells and heads in each format that has them; sheets as their programs show them; separators of CSV."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from ingest.loaders.tables import Cell, group_lines, write_table
from tests import files


def _read(name: str, data: bytes | str) -> str:
    _, reading = read(name, data.encode() if isinstance(data, str) else data, ReadOptions())
    return "\n\n".join(page.text for page in reading.pages)


def _write(*rows: list[Cell | str], head_rows: int = 0) -> list[str]:
    return list(write_table(rows, head_rows=head_rows))


def test_a_merged_cell_holds_for_all_it_covers():
    rows: list[list[Cell | str]] = [
        ["Pier", "Berth", "Fee"],
        [Cell("East", rows=2), "1", "30"],
        ["2", "35"],
        [Cell("closed", columns=2), "0"],
    ]
    assert _write(*rows) == ["Pier\tBerth\tFee", "East\t1\t30", "East\t2\t35", "closed\tclosed\t0"]


@pytest.mark.parametrize(
    ("rows", "joined"),
    [
        (
            [[Cell("Pier", rows=2), Cell("Summer", columns=2)], ["Day", "Week"], ["East", "9", "50"]],
            "Pier\tSummer Day\tSummer Week",
        ),
        (
            [["", Cell("2023", columns=2), Cell("2024", columns=2)], ["Pier", "In", "Out", "In", "Out"]],
            "Pier\t2023 In\t2023 Out\t2024 In\t2024 Out",
        ),
        (
            [["", "2023", "", "2024", ""], ["Pier", "In", "Out", "In", "Out"]],
            "Pier\t2023 In\t2023 Out\t2024 In\t2024 Out",
        ),
        (
            [
                [Cell("Pier", rows=3), Cell("Fees", columns=4)],
                [Cell("Day", columns=2), Cell("Week", columns=2)],
                ["Boat", "Raft", "Boat", "Raft"],
            ],
            "Pier\tFees Day Boat\tFees Day Raft\tFees Week Boat\tFees Week Raft",
        ),
        (
            [["Pier", "2023", "", "", ""], ["", "Day", "", "Week", ""], ["", "In", "Out", "In", "Out"]],
            "Pier\t2023 Day In\t2023 Day Out\t2023 Week In\t2023 Week Out",
        ),
        (
            [["Pier", "Fees", "", "Depth", ""], ["", "Day", "", "Ebb", "Flood"], ["", "Raft", "Boat", "(m)", "(ft)"]],
            "Pier\tFees Day Raft\tFees Day Boat\tDepth Ebb (m)\tDepth Flood (ft)",
        ),
        (
            [
                [Cell("Pier", rows=3), Cell("Fees", columns=2), Cell("Depth", columns=2)],
                [Cell("Day", columns=2), "Ebb", "Flood"],
                ["Raft", "Boat", "(m)", "(ft)"],
            ],
            "Pier\tFees Day Raft\tFees Day Boat\tDepth Ebb (m)\tDepth Flood (ft)",
        ),
        (
            [["", "Fees", "", "Depth", ""], ["", "Day", "", "Ebb", "Flood"], ["Pier", "Raft", "Boat", "(m)", "(ft)"]],
            "Pier\tFees Day Raft\tFees Day Boat\tDepth Ebb (m)\tDepth Flood (ft)",
        ),
    ],
)
def test_a_head_of_several_rows_becomes_one(rows, joined):
    title, *lines = _write([Cell("Fees of the harbour", columns=5)], *rows, ["East", "1", "2", "3", "4"])
    assert (title, lines[0]) == ("Fees of the harbour", joined)


def test_a_title_with_a_word_beside_it_is_no_head_of_a_pivot_table():
    head = ["Land", "Inn", "May", "June", "Total"]
    lines = _write(["Sum of nights", "", "Month", "", ""], [*head], ["Norway", "Skarvet", "12", "19", "31"])
    assert lines[:2] == ["Sum of nights Month", "\t".join(head)]


@pytest.mark.parametrize(
    "rows",
    [
        [["Name", Cell("Reach", columns=2)], ["Ann", "555", "a@b.c"]],
        [[Cell("Who", columns=2), Cell("What", columns=2)], ["Ann", "Bay 1", "tea", "mug"]],
        [["Name:", "", "Date:", ""], ["Street:", "", "Town:", ""]],
        [["", Cell("Visitors", columns=2)], ["North", "12", "14"]],
        [["Pier", "Fees", "", ""], ["", "none", "", "free"]],
    ],
)
def test_values_are_no_part_of_the_head(rows):
    assert len(_write(*rows, ["x", "y", "z"])) == 3


def test_a_hostile_table_does_not_multiply():
    rows = [[Cell("x" * 90, columns=1_000, rows=60_000)] * 3 for _ in range(300)]
    assert sum(map(len, write_table(rows))) < 3_000_000


def test_a_block_that_continues_a_table_begins_with_its_head():
    blocks = list(group_lines(["Title", "Name\tCount", *(f"n{n}\t{n}" for n in range(4_500))]))
    assert [block.split("\n")[:2] for block in blocks[1:]] == [
        ["Name\tCount", "n1998\t1998"],
        ["Name\tCount", "n3998\t3998"],
    ]
    assert list(group_lines(f"n{n}\t{n}" for n in range(2_500)))[1].startswith("n2000")  # values are no head


def test_merged_cells_of_word_slides_and_opendocument():
    cell = "<w:tc><w:tcPr>{}</w:tcPr>" + files.paragraph("{}") + "</w:tc>"
    rows = [
        [("", "Hut"), ("<w:gridSpan w:val='2'/>", "Beds")],
        [("<w:vMerge w:val='restart'/>", "Alm"), ("", "4"), ("", "6")],
        [("<w:vMerge/>", ""), ("", "2"), ("", "8")],
    ]
    word = "".join(f"<w:tr>{''.join(cell.format(*entry) for entry in row)}</w:tr>" for row in rows)
    assert _read("a.docx", files.docx(f"<w:tbl>{word}</w:tbl>")) == "Hut\tBeds\tBeds\nAlm\t4\t6\nAlm\t2\t8"

    place = "<a:tc {}><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>"
    shown = [[("rowSpan='2'", "Alm"), ("", "4")], [("vMerge='1'", ""), ("", "2")]]
    slide = "".join(f"<a:tr>{''.join(place.format(*entry) for entry in row)}</a:tr>" for row in shown)
    frame = f"<p:graphicFrame><a:tbl>{slide}</a:tbl></p:graphicFrame>"
    assert _read("a.pptx", files.pptx([frame])) == "Alm\t4\nAlm\t2"

    body = (
        "<office:text><table:table><table:table-row>"
        "<table:table-cell table:number-rows-spanned='2'><text:p>Alm</text:p></table:table-cell>"
        "<table:table-cell><text:p>4</text:p></table:table-cell></table:table-row><table:table-row>"
        "<table:covered-table-cell/><table:table-cell><text:p>2</text:p></table:table-cell></table:table-row>"
        "</table:table></office:text>"
    )
    assert _read("a.odt", files.opendocument("text", body)) == "Alm\t4\nAlm\t2"


def test_merged_and_empty_cells_of_a_web_page():
    head = "<thead><tr><th rowspan=2>Hut<th colspan=2>Beds</tr><tr><th>Old<th>New</tr></thead>"
    rows = "<tr><td rowspan=0>Alm<td>4<td>6</tr><tr><td><td>8</tr>"
    assert _read("a.html", f"<table>{head}{rows}</table>") == "Hut\tBeds Old\tBeds New\nAlm\t4\t6\nAlm\t\t8"
    assert _read("a.html", "<table><tr><td><td>Mon</tr><tr><td>Ann<td>tea</tr></table>") == "\tMon\nAnn\ttea".strip(
        "\n"
    )


# Sheets


def test_a_sheet_reads_as_its_program_shows_it():
    rows: list[list[files.SheetCell]] = [
        ["Well", "Yield", "Dug", "Code", "Pumped"],
        [("Ost", '"Well "@'), (0.4567, "0.0%"), (45000.0, "d\\.m\\.yy"), (42.0, "00000"), (1.5, "[h]:mm")],
        ["Sum", "=SUM(B2:B2)", 7.0],
    ]
    text = _read("a.xlsx", files.xlsx({"Wells": rows}))
    assert (
        text == "# Wells\n\nWell\tYield\tDug\tCode\tPumped\nWell Ost\t45.7%\t15.3.23\t00042\t36:00\nSum\t=SUM(B2:B2)\t7"
    )


@pytest.mark.parametrize("code", ["", "0.0%"])
def test_errors_of_a_sheet_are_shown(code: str):
    rows: list[list[files.SheetCell]] = [
        ["Well", "Yield", "Rate"],
        ["Ost", ("#N/A", code), "#DIV/0!"],
        ["West", "#N/A"],
    ]
    text = _read("a.xlsx", files.xlsx({"Wells": rows}))
    assert text == "# Wells\n\nWell\tYield\tRate\nOst\t#N/A\t#DIV/0!\nWest\t#N/A"


def test_rows_of_formulas_alone_stand_in_their_place():
    rows: list[list[files.SheetCell]] = [["", "a"], [], ["=B1", ""], ["", "=B1&1"]]
    assert _read("a.xlsx", files.xlsx({"S": rows})) == "# S\n\n\ta\n\n=B1\n\t=B1&1"


@pytest.mark.parametrize(
    ("calculation", "shown"), [("", "0"), ("<calcPr calcId='124519' fullCalcOnLoad='1'/>", "=SUM(B1:B2)")]
)
def test_zeros_are_no_results_where_the_program_is_to_compute_them(calculation, shown):
    rows: list[list[files.SheetCell]] = [["a", 2.0], ["b", 0.0], ["Sum", ("=SUM(B1:B2)", "0.0")], ["", "=SUM(B1:B2)"]]
    text = _read("a.xlsx", files.xlsx({"S": rows}, result="0", calculation=calculation))
    assert text == f"# S\n\na\t2\nb\t0\nSum\t{'0.0' if shown == '0' else shown}\n\t{shown}"


def test_merged_cells_and_hidden_sheets_of_a_workbook():
    rows: list[list[files.SheetCell]] = [
        ["Farm fees"],
        ["Farm", "Fee", ""],
        ["", "2022", "2023"],
        ["Holm", 3.0, 4.0],
        ["", 5.0, 6.0],
    ]
    text = _read("a.xlsx", files.xlsx({"Fees": rows}, merged=["A1:C1", "A2:A3", "B2:C2", "A4:A5"], hidden=["Fees"]))
    table = "Farm fees\nFarm\tFee 2022\tFee 2023\nHolm\t3\t4\nHolm\t5\t6"
    assert text == f"# Fees (hidden sheet)\n\n{table}"


def test_an_opendocument_sheet_reads_as_its_program_showed_it():
    cell = "<table:table-cell {}>{}</table:table-cell>"
    rows = [
        [("", "<text:p>Farm</text:p>"), ("table:number-columns-repeated='2'", ""), ("", "<text:p>Share</text:p>")],
        [
            (
                "table:number-rows-spanned='2'",
                "<office:annotation><text:p>sold</text:p></office:annotation><text:p>Holm</text:p>",
            ),
            ("office:value-type='time' office:time-value='PT30H05M00S'", ""),
            ("office:value-type='currency' office:value='4800' office:currency='NOK'", "<text:p>kr 4 800</text:p>"),
            ("office:value-type='percentage' office:value='0.125'", ""),
        ],
        [("", ""), ("table:formula='of:=SUM([.B2:.B3])'", ""), ("table:number-columns-repeated='16000'", "")],
    ]
    lines = "".join(
        f"<table:table-row>{''.join(cell.format(*entry) for entry in row)}</table:table-row>" for row in rows
    )
    body = (
        "<style:style xmlns:style='s' style:name='h'><style:table-properties table:display='false'/></style:style>"
        f"<table:table table:name='Farms' table:style-name='h'>{lines}"
        "<table:table-row table:number-rows-repeated='1048573'><table:table-cell/></table:table-row></table:table>"
    )
    text = _read("a.ods", files.opendocument("spreadsheet", body))
    table = "Farm\t\t\tShare\nHolm\t30:05\tkr 4 800\t12.5%\nHolm\t=SUM(B2:B3)"
    assert text == f"# Farms (hidden sheet)\n\n{table}\n\nsold"


# Heads


def _make_sheet_row(cells: list[str]) -> str:
    shown = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table-row>{shown}</table:table-row>"


_KINDS = pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.xlsx", lambda rows: files.xlsx({"S": rows})),
        ("a.csv", lambda rows: "\n".join(";".join(row) for row in rows).encode()),
        (
            "a.ods",
            lambda rows: files.opendocument(
                "spreadsheet", f"<table:table table:name='S'>{''.join(map(_make_sheet_row, rows))}</table:table>"
            ),
        ),
    ],
)


@_KINDS
@pytest.mark.parametrize(
    "head",
    [
        ["Boat", "2024-05-01", "2024-06-01"],
        ["Boat", "06:30", "18:45"],
        ["Boat", "2022/23", "2023/24"],
        ["Boat", "10%", "25%"],
        ["Boat", "How well did the crew keep the boat in the last season?", "Berth"],
    ],
)
def test_a_head_of_one_row_opens_each_block_of_its_table(name, make, head):
    rows = [head, *([f"b{number}", str(number % 9), f"{number % 7}"] for number in range(2_100))]
    pages = list(read(name, make(rows), ReadOptions())[1].pages)
    assert pages[1].text.split("\n")[0] == "\t".join(head)


@_KINDS
def test_a_head_of_two_rows_names_each_column(name, make):
    rows = [["Boat", "2022", "", "2023", ""], ["", "Out", "In", "Out", "In"], ["Ida", "3", "4", "5", "6"]]
    text = _read(name, make(rows)).removeprefix("# S\n\n")
    assert text == "Boat\t2022 Out\t2022 In\t2023 Out\t2023 In\nIda\t3\t4\t5\t6"


@_KINDS
def test_times_and_dates_of_the_first_row_are_no_head(name, make):
    rows = [[f"d{number}", f"{number % 5 + 6:02d}:15", f"{number % 7 + 14}:30"] for number in range(2_100)]
    pages = list(read(name, make(rows), ReadOptions())[1].pages)
    assert not pages[1].text.startswith("d0\t")


# CSV


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Weiß, Ina;7,25;bar\nLenz, Ole;8,00;Karte\n", "Weiß, Ina\t7,25\tbar\nLenz, Ole\t8,00\tKarte"),
        (
            'Who,Where\n"Weiß; Ina","Ulm, Mitte"\n"Lenz, Ole",Bonn\n',
            "Who\tWhere\nWeiß; Ina\tUlm, Mitte\nLenz, Ole\tBonn",
        ),
        (
            "Team;Points;Goals\nOtter;9;22\n\nReferee;Games\nBakke;7\n",
            "Team\tPoints\tGoals\nOtter\t9\t22\n\nReferee\tGames\nBakke\t7",
        ),
        ("a;b\n1;2\n\n3;4\n;;\n5;6\n", "a\tb\n1\t2\n3\t4\n5\t6"),
        ("Berth~Draught\n12~1,85\n13~0,95\n", "Berth\tDraught\n12\t1,85\n13\t0,95"),
        ("Part^Shelf\nV-belt^C4\n", "Part\tShelf\nV-belt\tC4"),
        ("Room:Floor:Seats\nAula:0:240\n", "Room\tFloor\tSeats\nAula\t0\t240"),
        ("Ward||Beds\nHeather||14\n", "Ward\tBeds\nHeather\t14"),
        ("Left at\n10:30:00\n11:20:00\n", "Left at\n10:30:00\n11:20:00"),
        ("\ufeffsep=|\na;1|b;2\n3|4\n", "a;1\tb;2\n3\t4"),
        (
            "List of May, late;;\n\nWho;What;Paid\nIna;tea;1,50\n;mug;2,25\n",
            "List of May, late\nWho\tWhat\tPaid\nIna\ttea\t1,50\n\tmug\t2,25",
        ),
        (
            "City,Place,Land\nUlm,48.4;9.99,DE\nRom,41.9;12.5,IT\n",
            "City\tPlace\tLand\nUlm\t48.4;9.99\tDE\nRom\t41.9;12.5\tIT",
        ),
        ("id|Text\n1|red, blue; green\n2|x, y\n", "id\tText\n1\tred, blue; green\n2\tx, y"),
        ('a, b\n1, "x, y"\n', "a\tb\n1\tx, y"),
    ],
)
def test_the_separator_is_found(text, rows):
    assert _read("a.csv", text) == rows
