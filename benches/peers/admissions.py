"""The columns of the hospital's file and what they hold, and the names that Tidemill gives them."""

COLUMNS = {
    "Name": "text",
    "Age": "integer",
    "Gender": "text",
    "Blood Type": "text",
    "Medical Condition": "text",
    "Date of Admission": "date",
    "Doctor": "text",
    "Hospital": "text",
    "Insurance Provider": "text",
    "Billing Amount": "double",
    "Room Number": "integer",
    "Admission Type": "text",
    "Discharge Date": "date",
    "Medication": "text",
    "Test Results": "text",
}


def normalised(column):
    """`Billing Amount` as `billing_amount`."""
    return column.lower().replace(" ", "_")
